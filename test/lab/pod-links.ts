import type { KubernetesObject } from './control-plane/objects.ts';
import type { IpCommands, NodePlace } from './network.ts';
import type { PodSpec, Topology } from './topology/topology.ts';

/** A pod's place where pods are network namespaces that no runtime made. */
export interface PodPlace {
  readonly spec: PodSpec;
  readonly node: NodePlace;
  /** Its own; that of its node when it has none. */
  readonly netns: string;
  readonly addresses: readonly [v4: string, v6: string];
}

/** Places of a topology's pods, at the addresses of their status. @param netnsOf of a pod with a network of its own */
export function placePods(
  topology: Topology,
  nodes: readonly NodePlace[],
  objects: readonly KubernetesObject[],
  netnsOf: (spec: PodSpec) => string,
): readonly PodPlace[] {
  return topology.pods.map((spec, at) => {
    const node = nodes.find((candidate) => candidate.name === spec.node);
    const { podIPs = [] } = (objects[at]?.['status'] ?? {}) as { podIPs?: readonly { readonly ip: string }[] };
    const [v4, v6] = podIPs.map(({ ip }) => ip);
    if (node === undefined || v4 === undefined || v6 === undefined) throw new Error(`pod ${spec.name} has no place`);
    const netns = spec.hostNetwork === true ? node.netns : netnsOf(spec);
    return { spec, node, netns, addresses: [v4, v6] };
  });
}

/**
 * The links of a node to its pods: each has one of its own with a route to it (as the CNI plugin `ptp` does), so that an answer from the
 * same node passes the node's rules too.
 */
export function nodeLinks(node: NodePlace, pods: readonly PodPlace[]): IpCommands {
  const [gateway4, gateway6] = gateway(node);
  return {
    v4: pods.flatMap(({ addresses: [address], netns }, at) => [
      `link add veth${at} type veth peer name eth0 netns ${netns}`,
      `link set veth${at} up`,
      `address add ${gateway4}/32 dev veth${at}`,
      `route add ${address}/32 dev veth${at} src ${gateway4}`,
    ]),
    v6: pods.flatMap(({ addresses: [, address] }, at) => [
      `address add ${gateway6}/128 dev veth${at} nodad`,
      `route add ${address}/128 dev veth${at}`,
    ]),
  };
}

/** The pod's own end of its link. */
export function podLink({ node, addresses: [v4, v6] }: PodPlace): IpCommands {
  const [gateway4, gateway6] = gateway(node);
  return {
    v4: [
      'link set lo up',
      'link set eth0 up',
      `address add ${v4}/32 dev eth0`,
      `route add ${gateway4} dev eth0`,
      `route add default via ${gateway4}`,
    ],
    v6: [`address add ${v6}/128 dev eth0 nodad`, `route add ${gateway6} dev eth0`, `route add default via ${gateway6}`],
  };
}

/** First address of a node's range of pods: what its pods have as gateway. */
function gateway({ podRange }: NodePlace): readonly [v4: string, v6: string] {
  return [podRange.v4.replace(/0\/24$/, '1'), podRange.v6.replace(/\/64$/, '1')];
}
