import type { Random } from '../routing/random.ts';
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { CLUSTER } from '../../lab/network.ts';
import type { PodPlace } from '../../lab/pod-links.ts';
import { APPS, MODES, NAMESPACE } from './pods.ts';

type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** A port as the API has it. */
export interface PortSpec {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly targetPort: string | number;
  readonly nodePort?: number;
}

/** The part of a Service that is drawn. */
interface ServiceSpec {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  readonly clusterIP: string;
  readonly clusterIPs: readonly string[];
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[];
  readonly ipFamilyPolicy: string;
  readonly ports: readonly PortSpec[];
  readonly selector?: { readonly app: string };
  readonly externalIPs?: readonly string[];
  readonly [field: string]: unknown;
}

interface Ingress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
}

/** A Service with the EndpointSlices that are its own; one with a selector gets them from the controller. */
export interface DrawnService {
  readonly name: string;
  readonly spec: ServiceSpec;
  readonly ingress: readonly Ingress[];
  readonly slices: readonly SliceSpec[];
}

/** An EndpointSlice as the API has it. */
interface SliceSpec {
  readonly name: string;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
  readonly endpoints: readonly Readonly<Record<string, unknown>>[];
}

const NODES = Object.keys(MODES);
const LISTENING: Readonly<Record<Protocol, number>> = { TCP: 8080, UDP: 5353, SCTP: 5000 };

/** Draws Services in which every field varies that kube-proxy reads. @param places of the pods that may be endpoints */
export function drawServices(
  random: Random,
  seed: number,
  count: number,
  places: readonly PodPlace[],
): readonly DrawnService[] {
  return Array.from({ length: count }, (_, at) => drawService(random, seed, at, places));
}

function drawService(random: Random, seed: number, at: number, places: readonly PodPlace[]): DrawnService {
  const name = `s${seed}-${at}`;
  const type = random.pick(['ClusterIP', 'NodePort', 'LoadBalancer', 'LoadBalancer'] as const);
  const families = random.pick([['IPv4'], ['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']] as const);
  const app = random.chance(0.5) ? random.pick(Object.keys(APPS)) : undefined;
  // Services that share an external address have ports of their own.
  const shares = random.chance(0.15);
  const external = externalAddresses(random, at, families, shares);
  const clusterIPs = families.map((family) => clusterAddress(seed, at, family));
  const nodePorts = type === 'NodePort' || (type === 'LoadBalancer' && !random.chance(0.15));
  const ports = drawPorts(random, at, app, { nodePorts, shares });
  const hasExternal = type !== 'ClusterIP' || external.length > 0;
  const spec: ServiceSpec = {
    type,
    clusterIP: clusterIPs[0] ?? '',
    clusterIPs,
    ipFamilies: families,
    ipFamilyPolicy: families.length > 1 ? 'RequireDualStack' : 'SingleStack',
    ports,
    ...(app === undefined ? {} : { selector: { app } }),
    ...(external.length > 0 ? { externalIPs: external } : {}),
    ...(type === 'LoadBalancer' && !nodePorts ? { allocateLoadBalancerNodePorts: false } : {}),
    ...maybe(random, 0.25, { internalTrafficPolicy: 'Local' }),
    ...(hasExternal && random.chance(0.4) ? externalLocal(type, at) : {}),
    ...maybe(random, 0.2, {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: random.pick([600, 10_800]) } },
    }),
    ...maybe(random, 0.2, { publishNotReadyAddresses: true }),
    ...maybe(random, 0.2, { trafficDistribution: random.pick(['PreferClose', 'PreferSameZone', 'PreferSameNode']) }),
    ...(type === 'LoadBalancer' && random.chance(0.5) ? { loadBalancerSourceRanges: sourceRanges(random) } : {}),
  };
  const ingress = type === 'LoadBalancer' ? drawIngress(random, at, families, external) : [];
  const slices = app === undefined ? drawSlices(random, name, spec, places) : [];
  return { name, spec, ingress, slices };
}

function externalLocal(type: ServiceSpec['type'], at: number): object {
  return {
    externalTrafficPolicy: 'Local',
    ...(type === 'LoadBalancer' ? { healthCheckNodePort: 31_000 + at } : {}),
  };
}

function maybe(random: Random, probability: number, fields: object): object {
  return random.chance(probability) ? fields : {};
}

function clusterAddress(seed: number, at: number, family: 'IPv4' | 'IPv6'): string {
  const round = seed % 200;
  return family === 'IPv4' ? `10.96.${16 + round}.${at + 1}` : `fd00:96::${(0x1000 + round * 64 + at).toString(16)}`;
}

/** The `number`th external address of a Service. */
function externalAddress(at: number, number: number, family: 'IPv4' | 'IPv6'): string {
  const host = 1 + at * 8 + number;
  return family === 'IPv4' ? `198.51.100.${host}` : `2001:db8:100::${host.toString(16)}`;
}

function externalAddresses(
  random: Random,
  at: number,
  families: readonly ('IPv4' | 'IPv6')[],
  shares: boolean,
): readonly string[] {
  if (shares) {
    // One address of many Services, or one that a node has.
    const all = { IPv4: ['198.51.100.250', '10.10.0.11'], IPv6: ['2001:db8:100::fa', 'fd00:10::13'] };
    return families.map((family) => random.pick(all[family]));
  }
  if (!random.chance(0.3)) return [];
  return families.flatMap((family) => (random.chance(0.8) ? [externalAddress(at, 0, family)] : []));
}

function drawIngress(
  random: Random,
  at: number,
  families: readonly ('IPv4' | 'IPv6')[],
  external: readonly string[],
): readonly Ingress[] {
  const drawn = families.flatMap((family): readonly Ingress[] =>
    random.several(0, 2, (number) => {
      const same = external.find((address) => address.includes(':') === (family === 'IPv6'));
      const ip = same !== undefined && random.chance(0.15) ? same : externalAddress(at, number + 1, family);
      return { ip, ...(random.chance(0.7) ? { ipMode: random.chance(0.8) ? 'VIP' : 'Proxy' } : {}) };
    }),
  );
  return random.chance(0.1) ? [...drawn, { hostname: 'balancer.example.test' }] : drawn;
}

const RANGES = [
  '10.244.1.0/24',
  '10.244.0.0/16',
  '10.10.0.0/24',
  '10.10.0.12/32',
  '203.0.113.0/24',
  '192.0.2.0/24',
  '0.0.0.0/0',
  '198.51.100.0/24',
  'fd00:244:1::/64',
  'fd00:244::/32',
  'fd00:10::/64',
  '2001:db8:113::/64',
  '::/0',
];

function sourceRanges(random: Random): readonly string[] {
  return [...new Set(random.several(1, 4, () => random.pick(RANGES)))];
}

function drawPorts(
  random: Random,
  at: number,
  app: string | undefined,
  { nodePorts, shares }: { readonly nodePorts: boolean; readonly shares: boolean },
): readonly PortSpec[] {
  const used = new Set<string>();
  return random.several(1, 3, (number) => {
    const protocol = random.pick(['TCP', 'TCP', 'TCP', 'UDP', 'UDP', 'SCTP'] as const);
    const wanted = shares ? 7000 + at * 4 + number : random.pick([53, 80, 443, 8080]);
    const port = used.has(`${protocol} ${wanted}`) ? 1000 + number : wanted;
    used.add(`${protocol} ${port}`);
    const names = app === undefined || protocol === 'SCTP' ? [] : (APPS[app]?.[protocol] ?? []);
    const targetPort =
      names.length > 0 && random.chance(0.6)
        ? random.chance(0.08)
          ? 'nope'
          : random.pick(names)
        : random.chance(0.06)
          ? 8999
          : LISTENING[protocol];
    // The node port of a TCP port may be that of a UDP port too.
    const nodePort = 30_000 + at * 4 + number;
    return { name: `p${number}`, protocol, port, targetPort, ...(nodePorts ? { nodePort } : {}) };
  });
}

function drawSlices(
  random: Random,
  name: string,
  { ipFamilies, ports }: ServiceSpec,
  places: readonly PodPlace[],
): readonly SliceSpec[] {
  const hinted = random.chance(0.25);
  return ipFamilies.flatMap((addressType) => {
    const candidates = places.filter(({ spec }) => spec.ports !== undefined);
    const left = random.chance(0.1) ? [...candidates, undefined] : [...candidates];
    return random.several(1, 2, (number): SliceSpec => {
      const endpoints = random.several(0, 4, () => {
        const [place] = left.splice(random.integer(0, left.length - 1), 1);
        return drawEndpoint(random, addressType, place, hinted);
      });
      const told = ports.filter(() => !random.chance(0.08));
      return {
        name: `${name}-${addressType.toLowerCase()}-${number}`,
        addressType,
        ports: told.map(({ name: port, protocol }) => ({
          name: port,
          protocol,
          port: random.chance(0.06) ? 8999 : LISTENING[protocol],
        })),
        endpoints,
      };
    });
  });
}

/** @param place of the pod; undefined: the agent outside of the cluster */
function drawEndpoint(
  random: Random,
  addressType: 'IPv4' | 'IPv6',
  place: PodPlace | undefined,
  hinted: boolean,
): Readonly<Record<string, unknown>> {
  const [v4, v6] = place?.addresses ?? [CLUSTER.outside.v4, CLUSTER.outside.v6];
  const nodeName = random.chance(0.8) ? place?.node.name : random.chance(0.5) ? random.pick(NODES) : undefined;
  const state = (yes: number): boolean | undefined => (random.chance(0.2) ? undefined : random.chance(yes));
  const conditions = { ready: state(0.7), serving: state(0.6), terminating: state(0.3) };
  const zones = random.several(1, 2, () => ({ name: `zone-${random.integer(1, 3)}` }));
  const nodes = random.chance(0.5) ? { forNodes: [{ name: random.pick(NODES) }] } : {};
  return {
    addresses: [addressType === 'IPv4' ? v4 : v6],
    conditions,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(hinted && !random.chance(0.1) ? { hints: { forZones: uniqueNames(zones), ...nodes } } : {}),
  };
}

function uniqueNames(items: readonly { readonly name: string }[]): readonly { readonly name: string }[] {
  return [...new Map(items.map((item) => [item.name, item])).values()];
}

/** The objects of a Service, as the API server takes them. */
export function objectsOf({ name, spec, ingress, slices }: DrawnService): readonly KubernetesObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: NAMESPACE },
      spec,
      ...(ingress.length > 0 ? { status: { loadBalancer: { ingress } } } : {}),
    },
    ...slices.map(({ name: slice, ...rest }) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: slice, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': name } },
      ...rest,
    })),
  ];
}
