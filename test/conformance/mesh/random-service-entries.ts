/**
 * ServiceEntries at random, each with an address of its own, whose endpoints are pods of the lab: by address, by label, or by a name
 * that the cluster's DNS knows (or does not). `{store}` stands for the address of a pod.
 */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { istio, serviceEntry } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';

/** By so much the ports of some hosts differ from those of their pods. */
export const MOVED = 11;

/** A host that a ServiceEntry names, and how it is asked. */
export interface EntryHost {
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** What a client says first: HTTP, TLS of its own, or nothing, where the server begins. */
  readonly speaks: 'http' | 'https' | 'text';
  readonly objects: readonly KubernetesObject[];
}

/** Ports of pods, with the protocols that a ServiceEntry may call them by. HTTP in a port of TCP is bytes to a proxy. */
const PORTS = [
  { port: 8080, speaks: 'http', protocols: ['HTTP', 'HTTP', 'HTTP', 'TCP'] },
  { port: 9000, speaks: 'text', protocols: ['TCP'] },
] as const;
const PODS = ['{store}', '{raw}'];
const NAMES = [
  'store.bookinfo.svc.cluster.local',
  'store.bookinfo.svc.cluster.local',
  'raw.plain.svc.cluster.local',
  'nowhere.bookinfo.svc.cluster.local',
];

/** Three whose endpoints are told, and one that is asked where its clients find it. */
export function randomServiceEntries(random: Random): readonly EntryHost[] {
  return [...['billing', 'ledger', 'archive'].map((name, at) => entry(random, name, at)), passedOn(random)];
}

function entry(random: Random, name: string, at: number): EntryHost {
  const { port: targetPort, speaks, protocols } = PORTS[random.chance(0.3) ? 1 : 0];
  const protocol = random.pick(protocols);
  const moved = random.chance(0.3);
  const port = moved ? targetPort + MOVED : targetPort;
  const host = `${name}.example.test`;
  const address = `240.240.3.${at + 1}`;
  // A pod's own port of the same name would be taken for it.
  const named = `${protocol.toLowerCase()}-${name}`;
  const object = serviceEntry(name, {
    // What speaks bytes is known by its address alone.
    hosts: protocol === 'HTTP' && random.chance(0.2) ? [host, `other.${host}`] : [host],
    ...(protocol === 'HTTP' && random.chance(0.2) ? {} : { addresses: [address] }),
    location: random.pick(['MESH_EXTERNAL', 'MESH_INTERNAL']),
    ports: [{ number: port, name: named, protocol, ...(moved ? { targetPort } : {}) }],
    ...endpoints(random, named, targetPort),
    ...random.maybe(0.2, () => ({ exportTo: [random.pick(['.', 'limited', '~', '*'])] })),
  });
  return { name, host, address, port, speaks, objects: [object, rule(random, name, host)] };
}

function endpoints(random: Random, port: string, number: number): object {
  if (random.chance(0.3))
    return { resolution: 'DNS', endpoints: random.some(NAMES, 1, 2).map((address) => ({ address })) };
  if (random.chance(0.15)) return { resolution: 'DNS_ROUND_ROBIN', endpoints: [{ address: random.pick(NAMES) }] };
  if (random.chance(0.3)) return { resolution: 'STATIC', workloadSelector: { labels: { app: 'store' } } };
  const more = (): object => ({
    ...random.maybe(0.3, () => ({ weight: 1 + random.below(3) })),
    ...random.maybe(0.2, () => ({ ports: { [port]: number } })),
  });
  return { resolution: 'STATIC', endpoints: random.some(PODS, 0, 2).map((address) => ({ address, ...more() })) };
}

/** What goes on to the address that its client asks, a pod's. */
function passedOn(random: Random): EntryHost {
  const address = random.pick(PODS);
  const wild = random.chance(0.5);
  const object = serviceEntry('passed', {
    hosts: [wild ? '*.passed.example.test' : 'one.passed.example.test'],
    ...random.maybe(wild ? 0.3 : 0.5, () => ({ addresses: [random.pick([address, '10.244.0.0/16'])] })),
    location: random.pick(['MESH_EXTERNAL', 'MESH_INTERNAL']),
    ports: [{ number: 8080, name: 'http-passed', protocol: random.pick(['HTTP', 'HTTP', 'TCP']) }],
    resolution: 'NONE',
  });
  const host = 'one.passed.example.test';
  return { name: 'passed', host, address, port: 8080, speaks: 'http', objects: [object, rule(random, 'passed', host)] };
}

/**
 * Each connection carries one request, as for Services: none is used again that was made under an older configuration. SIMPLE is left out:
 * no configuration tells whether an application without sidecar speaks TLS (random-secure-entries.ts has servers that do).
 */
function rule(random: Random, name: string, host: string): KubernetesObject {
  const mode = random.pick(['', '', '', 'ISTIO_MUTUAL', 'DISABLE']);
  return istio('networking', 'DestinationRule', name, {
    host,
    trafficPolicy: {
      connectionPool: { http: { maxRequestsPerConnection: 1 } },
      ...(mode === '' ? {} : { tls: { mode } }),
    },
  });
}
