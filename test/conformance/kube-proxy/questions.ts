import type { Sender } from '../../lab/probe/probe.ts';
import { CLUSTER, type NodePlace } from '../../lab/network.ts';
import type { PodPlace } from '../../lab/pod-links.ts';
import type { RequestQuestion } from '../../agreement/request-question.ts';
import type { DrawnService, PortSpec } from './generate.ts';

/** A question about one port of a drawn Service. */
export interface ServiceQuestion extends RequestQuestion {
  readonly service: string;
}

/** The node at which the router delivers what comes from outside for an address: the same in every run. */
export function entryNode(address: string, nodes: readonly Pick<NodePlace, 'name'>[]): string {
  const last = Number.parseInt(address.split(/[.:]/).at(-1) ?? '', 16);
  return nodes[last % nodes.length]?.name ?? '';
}

/** Addresses of Services that are no node's own. */
export function serviceAddresses(services: readonly DrawnService[], own: ReadonlySet<string>): readonly string[] {
  const all = services.flatMap(({ spec, ingress }) => [
    ...spec.clusterIPs,
    ...(spec.externalIPs ?? []),
    ...ingress.flatMap(({ ip }) => (ip === undefined ? [] : [ip])),
  ]);
  return [...new Set(all)].filter((address) => !own.has(address));
}

/** Every address of every port of the Services, from a pod on each node, each node, outside, and pods that are endpoints themselves. */
export function questionsOf(
  services: readonly DrawnService[],
  nodes: readonly NodePlace[],
  pods: readonly PodPlace[],
): readonly ServiceQuestion[] {
  const clients = pods.filter(({ spec }) => spec.ports === undefined);
  const everybody: readonly Sender[] = [
    ...clients.map(({ spec }): Sender => ({ pod: spec.name })),
    ...nodes.map(({ name }): Sender => ({ node: name })),
    'outside',
  ];
  return services.flatMap((service) => {
    const senders = [...everybody, ...ownBackends(service, pods)];
    return targetsOf(service, nodes).flatMap(({ about, protocol, address, port, node }) => {
      const host = address.includes(':') ? `[${address}]` : address;
      const may = senders.filter(
        (from) => node === undefined || (typeof from === 'object' && 'node' in from && from.node === node),
      );
      return may.map((from): ServiceQuestion => {
        const holder = nodes.find(({ address: own }) => own.v4 === address || own.v6 === address)?.name;
        const entry = from === 'outside' ? { node: holder ?? entryNode(address, nodes) } : {};
        return {
          about: `${service.name}: ${about}`,
          service: service.name,
          from,
          to: `${protocol}://${host}:${port}`,
          keepsBackend: service.spec['sessionAffinity'] === 'ClientIP',
          ...entry,
        };
      });
    });
  });
}

interface Target {
  readonly about: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  /** The only node that may ask. */
  readonly node?: string;
}

function targetsOf({ spec, ingress }: DrawnService, nodes: readonly NodePlace[]): readonly Target[] {
  const addresses = [
    ...spec.clusterIPs.map((address) => ['cluster IP', address] as const),
    ...(spec.externalIPs ?? []).map((address) => ['external IP', address] as const),
    ...ingress.flatMap(({ ip, ipMode }) => (ip === undefined ? [] : [[`load balancer ${ipMode ?? ''}`, ip] as const])),
  ];
  const sent = spec.ports.filter(({ protocol }) => protocol !== 'SCTP');
  const ofPort = (port: PortSpec): readonly Target[] => {
    const protocol = port.protocol.toLowerCase();
    const atNodes = nodes.flatMap(({ name, address: { v4, v6 } }) => [
      ...(spec.ipFamilies.includes('IPv4') ? [{ address: v4 }, { address: '127.0.0.1', node: name }] : []),
      ...(spec.ipFamilies.includes('IPv6') ? [{ address: v6 }] : []),
    ]);
    const { nodePort } = port;
    return [
      ...addresses.map(([about, address]) => ({ about, protocol, address, port: port.port })),
      ...(nodePort === undefined ? [] : atNodes.map((at) => ({ about: 'node port', protocol, port: nodePort, ...at }))),
    ];
  };
  const [first] = addresses;
  const last = addresses.at(-1);
  // A port that the Service does not have.
  const foreign = [first, last].flatMap((one) =>
    one === undefined ? [] : [{ about: `no port, ${one[0]}`, protocol: 'tcp', address: one[1], port: 6999 }],
  );
  return [...sent.flatMap(ofPort), ...foreign];
}

/** Two pods, of those that the Service may send to. */
function ownBackends({ spec, slices }: DrawnService, pods: readonly PodPlace[]): readonly Sender[] {
  const named = new Set(slices.flatMap(({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses as string[])));
  const own = pods.filter(
    ({ spec: pod, addresses }) =>
      pod.hostNetwork !== true &&
      (spec.selector === undefined
        ? addresses.some((address) => named.has(address))
        : pod.labels?.['app'] === spec.selector.app),
  );
  return own.slice(0, 2).map(({ spec: pod }): Sender => ({ pod: pod.name }));
}

/** Whose an address is: `node1` of all the addresses that the node has, `outside`, or the name of a pod. */
export function owners(nodes: readonly NodePlace[], pods: readonly PodPlace[]): ReadonlyMap<string, string> {
  return new Map([
    ...nodes.flatMap(({ name, address, podRange }): [string, string][] => [
      [address.v4, name],
      [address.v6, name],
      [podRange.v4.replace(/0\/24$/, '1'), name],
      [podRange.v6.replace(/\/64$/, '1'), name],
    ]),
    ...pods.flatMap(({ spec, addresses }): [string, string][] =>
      spec.hostNetwork === true ? [] : addresses.map((address): [string, string] => [address, spec.name]),
    ),
    [CLUSTER.outside.v4, 'outside'],
    [CLUSTER.outside.v6, 'outside'],
  ]);
}
