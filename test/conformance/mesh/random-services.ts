/**
 * Services at random over pods of MESH_BASE: ports whose names and `appProtocol` tell, hide or misname what they speak, without an address
 * of their own, by another name, and with WorkloadEntries for endpoints. In: a source of randomness. Out: objects, and what to ask of them.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio, serviceEntry } from '../../lab/topology/mesh-objects.ts';
import type { RequestQuestion } from '../../agreement/request-question.ts';
import type { Random } from '../envoy/random.ts';
import { VERSIONS } from './random-names.ts';
import { MOVED } from './random-service-entries.ts';

/** Where a request may go, and what its server speaks. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly address?: string;
  readonly speaks: 'http' | 'https' | 'text';
}

export interface RandomServices {
  readonly objects: readonly KubernetesObject[];
  readonly places: readonly Place[];
}

/** What listens in the pod `store`. */
const LISTENING = [
  { port: 8080, speaks: 'http' },
  { port: 8082, speaks: 'http' },
  { port: 9000, speaks: 'text' },
  { port: 8443, speaks: 'https' },
] as const;

/** Starts of a port's name, by what speaks there; `web` says nothing, so that proxies look. */
const NAMES = {
  http: ['web', 'web', 'http', 'http2', 'grpc', 'grpc-web', 'tcp', 'tcp-http', 'https', 'tls'],
  text: ['web', 'tcp', 'tls', 'https', 'mysql'],
  https: ['web', 'tcp', 'https', 'tls', 'http'],
} as const;
const PROTOCOLS = {
  http: ['http', 'http2', 'tcp', 'kubernetes.io/h2c', 'kubernetes.io/ws', 'grpc', 'https', 'example.test/own'],
  text: ['tcp', 'mysql', 'example.test/own'],
  https: ['https', 'tls', 'tcp', 'kubernetes.io/wss'],
} as const;

type Speaks = Place['speaks'];

/** @param number of the port by which it is asked */
function servicePort(random: Random, speaks: Speaks, number: number, targetPort: number): object {
  return {
    name: `${random.pick(NAMES[speaks])}-${number}`,
    port: number,
    protocol: 'TCP',
    targetPort,
    ...random.maybe(0.3, () => ({ appProtocol: random.pick(PROTOCOLS[speaks]) })),
  };
}

function service(name: string, spec: object): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'bookinfo' }, spec };
}

export function randomServices(random: Random): RandomServices {
  const all = [misnamed(random), headless(random), renamed(random), ofWorkloads(random), GHOST];
  return { objects: all.flatMap(({ objects }) => objects), places: all.flatMap(({ places }) => places) };
}

/** A name like a Service's, which Istio's agent alone knows. */
export const GHOST: RandomServices = {
  objects: [
    serviceEntry('ghost', {
      hosts: ['ghost.bookinfo.svc.cluster.local'],
      addresses: ['240.240.7.1'],
      ports: [{ number: 8080, name: 'http-ghost', protocol: 'HTTP' }],
      resolution: 'STATIC',
      endpoints: [{ address: '{store}' }],
    }),
  ],
  places: [{ host: 'ghost.bookinfo.svc.cluster.local', port: 8080, speaks: 'http' }],
};

/** Several ports over one pod. */
function misnamed(random: Random): RandomServices {
  const ports = random.some(LISTENING, 2, 4).map(({ port, speaks }) => {
    const number = random.chance(0.3) ? port + MOVED : port;
    return { speaks, number, object: servicePort(random, speaks, number, port) };
  });
  const object = service('misnamed', {
    clusterIP: '10.96.20.10',
    selector: { app: 'store' },
    ports: ports.map((one) => one.object),
  });
  const places = ports.map(({ speaks, number }) => ({ host: 'misnamed.bookinfo', port: number, speaks }));
  return { objects: [object], places };
}

/** Its name stands for the pods' own addresses. */
function headless(random: Random): RandomServices {
  const store = random.chance(0.5);
  const ports = store ? random.some(LISTENING, 1, 3) : [{ port: 9080, speaks: 'http' } as const];
  const object = service('headless', {
    clusterIP: 'None',
    selector: store ? { app: 'store' } : { app: random.pick(['reviews', 'details']) },
    ports: ports.map(({ port, speaks }) => servicePort(random, speaks, port, port)),
  });
  const host = 'headless.bookinfo';
  return { objects: [object], places: ports.map(({ port, speaks }) => ({ host, port, speaks })) };
}

/** Its name stands for another one. */
function renamed(random: Random): RandomServices {
  const target = random.pick(['store', 'store', 'raw', 'db', 'nowhere']);
  const externalName = {
    store: 'store.bookinfo.svc.cluster.local',
    raw: 'raw.plain.svc.cluster.local',
    db: 'db.example.test',
    nowhere: 'nowhere.example.test',
  }[target]!;
  const asked = [
    { port: 8080, speaks: 'http' },
    { port: 9000, speaks: 'text' },
  ] as const;
  const ports = asked
    .filter(() => random.chance(0.5))
    .map(({ port, speaks }) => servicePort(random, speaks, port, port));
  const object = service('renamed', { type: 'ExternalName', externalName, ...(ports.length > 0 ? { ports } : {}) });
  // What is outside listens on another port.
  const places = target === 'db' ? asked.slice(0, 1) : asked;
  return { objects: [object], places: places.map((place) => ({ host: 'renamed.bookinfo', ...place })) };
}

/** Workloads that are no pods, to the mesh: behind a Service beside pods or alone, and behind a ServiceEntry with subsets. */
function ofWorkloads(random: Random): RandomServices {
  const names = random.some(['vm-a', 'vm-b', 'vm-c'], 1, 3);
  const entries = names.map((name) => {
    const moved = random.maybe(0.2, () => ({ ports: { [random.pick(['http-machines', 'http'])]: 8080 } }));
    return istio('networking', 'WorkloadEntry', name, {
      address: random.pick(['{store}', '{raw}']),
      labels: { app: random.pick(['vm', 'vm', 'store']), version: random.pick(VERSIONS) },
      ...moved,
      ...random.maybe(0.3, () => ({ weight: 1 + random.below(3) })),
      ...random.maybe(0.3, () => ({ serviceAccount: 'default' })),
    });
  });
  const number = random.chance(0.5) ? 8080 : 8080 + MOVED;
  const kubernetes = service('machines', {
    clusterIP: '10.96.20.11',
    selector: { app: 'vm' },
    ports: [{ name: 'http', port: number, protocol: 'TCP', targetPort: 8080 }],
  });
  const host = 'machines.example.test';
  const address = '240.240.5.1';
  const protocol = random.pick(['HTTP', 'HTTP', 'TCP']);
  const entry = serviceEntry('machines', {
    hosts: [host],
    addresses: [address],
    location: random.pick(['MESH_EXTERNAL', 'MESH_INTERNAL']),
    ports: [{ number, name: `${protocol.toLowerCase()}-machines`, protocol, targetPort: 8080 }],
    resolution: random.pick(['STATIC', 'STATIC', 'DNS']),
    workloadSelector: { labels: { app: 'vm' } },
  });
  const subset = random.pick(VERSIONS);
  const rule = istio('networking', 'DestinationRule', 'machines', {
    host,
    trafficPolicy: {
      connectionPool: { http: { maxRequestsPerConnection: 1 } },
      ...random.maybe(0.2, () => ({ tls: { mode: random.pick(['ISTIO_MUTUAL', 'DISABLE']) } })),
    },
    subsets: VERSIONS.map((version) => ({ name: version, labels: { version } })),
  });
  const routed = istio('networking', 'VirtualService', 'machines', {
    hosts: [host],
    ...(protocol === 'HTTP'
      ? { http: [{ route: [{ destination: { host, subset, port: { number } } }] }] }
      : { tcp: [{ match: [{ port: number }], route: [{ destination: { host, subset, port: { number } } }] }] }),
  });
  return {
    objects: [...entries, kubernetes, entry, rule, ...(random.chance(0.5) ? [routed] : [])],
    places: [
      { host: 'machines.bookinfo', port: number, speaks: 'http' },
      { host, address, port: number, speaks: 'http' },
    ],
  };
}

/** Pods by their own addresses, and ports at which nobody listens. */
export const POD_PLACES: readonly Place[] = [
  ...LISTENING.map(({ port, speaks }) => ({ host: '{store}', port, speaks })),
  { host: '{raw}', port: 8080, speaks: 'http' },
  { host: '{raw}', port: 9000, speaks: 'text' },
  { host: '{details-v1}', port: 9080, speaks: 'http' },
  { host: '{reviews-v2}', port: 9080, speaks: 'http' },
  { host: '{store}', port: 7777, speaks: 'http' },
  { host: '{store}', port: 7777, speaks: 'text' },
];

/** How a place is asked. */
export function askPlace(
  { host, port, address, speaks }: Place,
  path: string,
): Pick<RequestQuestion, 'to' | 'address'> {
  const fixed = address === undefined ? {} : { address };
  if (speaks === 'text') return { to: `tcp://${address ?? host}:${port}` };
  return { to: `${speaks}://${host}:${port}${path}`, ...fixed };
}
