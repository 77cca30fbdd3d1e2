/**
 * Random configurations of a mesh for MESH_BASE, and requests to ask of it. In: a source of randomness. Out: objects as the API server
 * takes them, and questions. The same seed gives the same.
 */
import { Random } from '../envoy/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { INGRESS } from '../../lab/istio/install.ts';
import { inNamespace, istio, serviceEntry } from '../../lab/topology/mesh-objects.ts';
import type { RequestQuestion } from '../../agreement/request-question.ts';
import { randomSecureEntries, secureGateway } from './random-secure-entries.ts';
import { randomServiceEntries, type EntryHost } from './random-service-entries.ts';

export interface RandomMesh {
  /** `{store}` in them stands for the address of a pod. */
  readonly objects: readonly KubernetesObject[];
  readonly questions: readonly RequestQuestion[];
}

const SERVICES = ['details', 'ratings', 'reviews', 'store', 'raw.plain'] as const;
const PORTS: Readonly<Record<string, number>> = { store: 8080, 'raw.plain': 8080 };
const APPS = ['details', 'ratings', 'reviews', 'store'];
const VERSIONS = ['v1', 'v2', 'v3'];
const PATHS = ['/', '/a', '/a/b', '/b?x=1', '/c/9'];
const USERS = ['ann', 'bob'];
const METHODS = ['GET', 'POST', 'DELETE'];
const MODES = ['STRICT', 'PERMISSIVE', 'DISABLE', 'UNSET'];
const ACCOUNTS = ['bookinfo/sa/default', 'bookinfo/sa/bookinfo-productpage', 'limited/sa/default'];
const HOSTS = ['a.example.test', 'b.example.test', 'c.example.test'];
/** Those whose proxy takes what they send to addresses that nobody has. */
const WITH_SIDECAR: readonly RequestQuestion['from'][] = [
  { pod: 'cli-a' },
  { pod: 'cli-a' },
  { pod: 'productpage-v1' },
  { pod: 'cli', namespace: 'limited' },
];
const SENDERS: readonly RequestQuestion['from'][] = [
  { pod: 'cli-a' },
  { pod: 'cli-a' },
  { pod: 'productpage-v1' },
  { pod: 'plain', namespace: 'plain' },
  { pod: 'cli', namespace: 'limited' },
];

/** @param marker host that every proxy is told of: where it is known, so is all else */
export function randomMesh(random: Random, marker: string, count: number): RandomMesh {
  const destinationRules = SERVICES.filter((name) => name === 'reviews' || random.chance(0.4));
  const plain = randomServiceEntries(random);
  const secure = randomSecureEntries(random);
  const entries = [...plain, ...secure];
  const objects = [
    markerEntry(marker),
    ...destinationRules.map((name) => destinationRule(random, name)),
    ...APPS.filter(() => random.chance(0.6)).map((name) =>
      istio('networking', 'VirtualService', name, {
        hosts: [name],
        http: routes(random, name, entries),
        ...(name === 'store' ? random.maybe(0.5, () => ({ tcp: [bytesRoute(random, entries)] })) : {}),
      }),
    ),
    ...(random.chance(0.5)
      ? [istio('security', 'PeerAuthentication', 'default', { mtls: { mode: random.pick(MODES) } })]
      : []),
    ...APPS.filter(() => random.chance(0.4)).map((app) => peerAuthentication(random, app)),
    ...APPS.filter(() => random.chance(0.3)).map((app) => authorizationPolicy(random, app)),
    ...entries.flatMap((entry) => entry.objects),
    ...sidecars(random, marker, entries),
    // A gateway that leads to itself would never come to an end.
    ...gateway(random, plain),
    ...secureGateway(random, () => routes(random, random.pick(SERVICES), plain)),
  ];
  return { objects, questions: Array.from({ length: count }, (_, at) => question(random, at, entries)) };
}

function markerEntry(host: string): KubernetesObject {
  return serviceEntry('marker', {
    hosts: [host],
    addresses: ['240.240.9.9'],
    ports: [{ number: 9999, name: 'tcp', protocol: 'TCP' }],
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.1' }],
  });
}

function fullName(name: string): string {
  return name.includes('.') ? `${name}.svc.cluster.local` : `${name}.bookinfo.svc.cluster.local`;
}

function destinationRule(random: Random, name: string): KubernetesObject {
  // No configuration tells whether an application without sidecar speaks TLS itself.
  const mode = random.pick(['', '', '', 'ISTIO_MUTUAL', 'DISABLE', name === 'raw.plain' ? '' : 'SIMPLE']);
  const policy = {
    connectionPool: { http: { maxRequestsPerConnection: 1 } },
    ...(mode === '' ? {} : { tls: { mode } }),
    ...(random.chance(0.5)
      ? { loadBalancer: { simple: random.pick(['ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST']) } }
      : {}),
  };
  const versions = [...VERSIONS, 'v9'].filter((version) => random.chance(version === 'v9' ? 0.3 : 0.8));
  return istio('networking', 'DestinationRule', name.replace('.', '-'), {
    host: fullName(name),
    trafficPolicy: policy,
    ...(name === 'reviews' ? { subsets: versions.map((version) => ({ name: version, labels: { version } })) } : {}),
  });
}

function destination(random: Random, own: string, entries: readonly EntryHost[]): object {
  // A route of HTTP to what speaks something else fails, which no configuration tells.
  const web = entries.filter(({ speaks }) => speaks === 'http');
  if (web.length > 0 && random.chance(0.1)) {
    const { host, port } = random.pick(web);
    return { host, port: { number: port } };
  }
  const name = random.chance(0.7) ? own : random.pick([...SERVICES, 'nowhere']);
  const subset = name === 'reviews' && random.chance(0.6) ? { subset: random.pick([...VERSIONS, 'v9']) } : {};
  return { host: fullName(name), port: { number: PORTS[name] ?? 9080 }, ...subset };
}

/** What becomes of the text that store's port 9000 speaks. */
function bytesRoute(random: Random, entries: readonly EntryHost[]): object {
  const text = entries.filter(({ speaks }) => speaks === 'text');
  const hosts = [
    ...['store', 'raw.plain'].map((name) => ({ host: fullName(name), port: { number: 9000 } })),
    ...text.map(({ host, port }) => ({ host, port: { number: port } })),
  ];
  const shares = random.pick([[100], [40, 60]]);
  return {
    match: [{ port: 9000 }],
    route: shares.map((weight) => ({ destination: random.pick(hosts), weight })),
  };
}

function routes(random: Random, own: string, entries: readonly EntryHost[]): object[] {
  const conditional = Array.from({ length: random.below(3) }, () => ({
    match: Array.from({ length: 1 + random.below(2) }, () => match(random)),
    ...action(random, own, entries),
  }));
  return random.chance(0.8) || conditional.length === 0 ? [...conditional, action(random, own, entries)] : conditional;
}

function match(random: Random): object {
  const path = random.pick(['/a', '/b', '/c']);
  return {
    ...(random.chance(0.6)
      ? { uri: random.pick([{ prefix: path }, { exact: path }, { regex: `${path}/[0-9]+` }]) }
      : { headers: { 'x-user': random.pick([{ exact: 'ann' }, { prefix: 'b' }, { regex: '(ann|bob)' }]) } }),
    ...(random.chance(0.2) ? { method: { exact: random.pick(METHODS) } } : {}),
    ...(random.chance(0.1) ? { queryParams: { x: { exact: '1' } } } : {}),
    ...(random.chance(0.1) ? { withoutHeaders: { 'x-user': { exact: 'bob' } } } : {}),
  };
}

function action(random: Random, own: string, entries: readonly EntryHost[]): object {
  if (random.chance(0.1)) return { redirect: { uri: '/elsewhere', redirectCode: random.pick([301, 302]) } };
  if (random.chance(0.1)) return { directResponse: { status: random.pick([200, 404, 503]) } };
  const shares = random.pick([[100], [100], [100], [50, 50], [30, 70]]);
  const abort = { httpStatus: random.pick([418, 500]), percentage: { value: random.pick([50, 100]) } };
  return {
    route: shares.map((weight) => ({ destination: destination(random, own, entries), weight })),
    ...(random.chance(0.15) ? { fault: { abort } } : {}),
    ...(random.chance(0.15) ? { rewrite: { uri: random.pick(['/', '/a/b']) } } : {}),
    retries: { attempts: random.pick([0, 2]) },
  };
}

function peerAuthentication(random: Random, app: string): KubernetesObject {
  const port = String(PORTS[app] ?? 9080);
  return istio('security', 'PeerAuthentication', app, {
    selector: { matchLabels: { app } },
    mtls: { mode: random.pick(MODES) },
    ...(random.chance(0.3) ? { portLevelMtls: { [port]: { mode: random.pick(MODES.slice(0, 3)) } } } : {}),
  });
}

function authorizationPolicy(random: Random, app: string): KubernetesObject {
  const rule = (): object => ({
    ...(random.chance(0.6) ? { from: [{ source: source(random) }] } : {}),
    to: [
      {
        operation: random.pick([
          { methods: [random.pick(METHODS)] },
          { paths: [random.pick(['/a*', '/b', '*/b'])] },
          { notPaths: [random.pick(['/a*', '/'])] },
          { ports: [String(PORTS[app] ?? 9080)] },
        ]),
      },
    ],
    ...(random.chance(0.2) ? { when: [{ key: 'request.headers[x-user]', values: [random.pick(USERS)] }] } : {}),
  });
  return istio('security', 'AuthorizationPolicy', app, {
    selector: { matchLabels: { app } },
    action: random.pick(['ALLOW', 'DENY']),
    rules: Array.from({ length: 1 + random.below(2) }, rule),
  });
}

function source(random: Random): object {
  return random.pick([
    { principals: [`cluster.local/ns/${random.pick(ACCOUNTS)}`] },
    { notPrincipals: [`cluster.local/ns/${random.pick(ACCOUNTS)}`] },
    { namespaces: [random.pick(['bookinfo', 'limited'])] },
  ]);
}

function sidecars(random: Random, marker: string, entries: readonly EntryHost[]): KubernetesObject[] {
  const sidecar = (name: string, spec: object = {}): KubernetesObject =>
    istio('networking', 'Sidecar', name, {
      ...(random.chance(0.6) ? { outboundTrafficPolicy: { mode: random.pick(['REGISTRY_ONLY', 'ALLOW_ANY']) } } : {}),
      egress: [
        {
          hosts: [
            './*',
            `bookinfo/${marker}`,
            ...APPS.filter(() => random.chance(0.6)).map((app) => `*/${fullName(app)}`),
            ...entries.filter(() => random.chance(0.7)).map(({ host }) => `bookinfo/${host}`),
          ],
        },
      ],
      ...spec,
    });
  return [
    ...(random.chance(0.7) ? [inNamespace('limited', sidecar('default'))] : []),
    ...(random.chance(0.3) ? [sidecar('cli', { workloadSelector: { labels: { app: 'cli' } } })] : []),
  ];
}

function gateway(random: Random, entries: readonly EntryHost[]): KubernetesObject[] {
  const hosts = HOSTS.filter(() => random.chance(0.6));
  const services = HOSTS.filter(() => random.chance(0.7));
  return [
    istio('networking', 'Gateway', 'front', {
      selector: { istio: 'ingressgateway' },
      servers: [
        {
          port: { number: 80, name: 'http', protocol: 'HTTP' },
          hosts: hosts.length === 0 ? ['*.example.test'] : hosts,
        },
      ],
    }),
    ...services.map((host) =>
      istio('networking', 'VirtualService', `front-${host.slice(0, 1)}`, {
        hosts: [host],
        gateways: [random.chance(0.9) ? 'front' : 'back'],
        http: routes(random, random.pick(SERVICES), entries),
      }),
    ),
  ];
}

function question(random: Random, at: number, entries: readonly EntryHost[]): RequestQuestion {
  const path = random.pick(PATHS);
  const headers = random.chance(0.5) ? { 'x-user': random.pick(USERS) } : {};
  const method = random.chance(0.7) ? 'GET' : random.pick(METHODS);
  const about = `request ${at}`;
  if (random.chance(0.2)) {
    const host = random.pick(HOSTS);
    return {
      about,
      from: 'outside',
      to: `http://${INGRESS.v4}${path}`,
      node: 'node1',
      method,
      headers: { host, ...headers },
    };
  }
  if (random.chance(0.25)) return { about, ...entryQuestion(random, path, entries), method, headers };
  const from = random.pick(SENDERS);
  if (random.chance(0.1)) return { about, from, to: 'http://store.bookinfo:8082/', method, headers };
  if (random.chance(0.1)) return { about, from: random.pick(WITH_SIDECAR), to: 'tcp://store.bookinfo:9000' };
  if (random.chance(0.05)) return { about, from, to: 'tcp://raw.plain:9000' };
  const name = random.pick(SERVICES);
  const full = name.includes('.') ? name : `${name}.bookinfo`;
  return { about, from, to: `http://${full}:${PORTS[name] ?? 9080}${path}`, method, headers };
}

function entryQuestion(
  random: Random,
  path: string,
  entries: readonly EntryHost[],
): Pick<RequestQuestion, 'from' | 'to' | 'address'> {
  const { host, address, port, speaks } = random.pick(entries);
  const from = random.pick(WITH_SIDECAR);
  if (speaks === 'text') return { from, to: `tcp://${address}:${port}` };
  return random.chance(0.5)
    ? { from, to: `http://${address}:${port}${path}` }
    : { from, to: `http://${host}:${port}${path}`, address };
}
