import { CLUSTER, type NodePlace } from '../network.ts';
import { nodeLinks, type PodPlace, podLink } from '../pod-links.ts';
import type { Guest } from './guest.ts';

/** The link between the guest and the router of the lab, where kube-apiserver answers. */
export const UPLINK = { router: '198.18.255.1', guest: '198.18.255.2', length: 30 } as const;

/** Nodes of the guest, with the same addresses as the lab's other nodes have; the namespace has the node's name. */
export function guestNodes(names: readonly string[]): readonly NodePlace[] {
  return names.map((name, at) => ({
    name,
    netns: name,
    address: { v4: `10.10.0.${11 + at}`, v6: `fd00:10::${11 + at}` },
    podRange: { v4: `10.244.${at + 1}.0/24`, v6: `fd00:244:${at + 1}::/64` },
  }));
}

/**
 * Lays the wires in the guest: its first namespace is the router between the nodes, the client outside, and the lab's router. A pod hangs
 * on its node by a link of its own with a route to it (as the CNI plugin `ptp` does), so that an answer from the same node passes the
 * node's rules too.
 */
export async function layGuestNetwork(
  guest: Guest,
  nodes: readonly NodePlace[],
  pods: readonly PodPlace[],
  externalVia: Readonly<Record<string, string>>,
): Promise<void> {
  const own = pods.filter(({ spec }) => spec.hostNetwork !== true);
  const spaces = ['outside', ...nodes.map(({ netns }) => netns), ...own.map(({ netns }) => netns)];
  await ip(
    guest,
    '',
    4,
    spaces.map((space) => `netns add ${space}`),
  );
  const forward = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv4.icmp_ratelimit=0'];
  for (const netns of ['', ...nodes.map((node) => node.netns)])
    await guest.run(netns, ['sysctl', '-q', '-w', ...forward]);
  const [first] = nodes;
  if (first === undefined) throw new Error('a cluster has a node');
  await ip(guest, '', 4, [
    'link set lo up',
    `address add ${UPLINK.guest}/${UPLINK.length} dev vec0`,
    'link set vec0 up',
    `route add default via ${UPLINK.router}`,
    'link add nodes type bridge',
    'link set nodes up',
    'link add outside type veth peer name eth0 netns outside',
    'link set outside up',
    `address add ${CLUSTER.router.v4}/24 dev nodes`,
    `address add ${CLUSTER.outsideGateway.v4}/24 dev outside`,
    ...nodes.flatMap((node) => [
      `link add ${node.name} type veth peer name eth0 netns ${node.netns}`,
      `link set ${node.name} master nodes up`,
      `route add ${node.podRange.v4} via ${node.address.v4}`,
    ]),
    `route add ${CLUSTER.externalRange.v4} via ${first.address.v4}`,
    ...external(nodes, externalVia, 4),
  ]);
  await ip(guest, '', 6, [
    `address add ${CLUSTER.router.v6}/64 dev nodes nodad`,
    `address add ${CLUSTER.outsideGateway.v6}/64 dev outside nodad`,
    ...nodes.map((node) => `route add ${node.podRange.v6} via ${node.address.v6}`),
    `route add ${CLUSTER.externalRange.v6} via ${first.address.v6}`,
    ...external(nodes, externalVia, 6),
  ]);
  // kube-apiserver's own address is the router's; it is behind the uplink.
  const api = `-d ${CLUSTER.router.v4} -p tcp --dport 6443 -j DNAT --to-destination ${UPLINK.router}`;
  const rules = `*nat\n-A PREROUTING ${api}\n-A OUTPUT ${api}\n-A POSTROUTING -o vec0 -j MASQUERADE\nCOMMIT\n`;
  await guest.run('', ['iptables-restore'], rules);
  await ip(guest, 'outside', 4, [
    'link set lo up',
    'link set eth0 up',
    `address add ${CLUSTER.outside.v4}/24 dev eth0`,
    `route add default via ${CLUSTER.outsideGateway.v4}`,
  ]);
  await ip(guest, 'outside', 6, [
    `address add ${CLUSTER.outside.v6}/64 dev eth0 nodad`,
    `route add default via ${CLUSTER.outsideGateway.v6}`,
  ]);
  for (const node of nodes)
    await furnishNode(
      guest,
      node,
      nodes,
      own.filter((pod) => pod.node === node),
    );
  for (const pod of own) {
    const { v4, v6 } = podLink(pod);
    await ip(guest, pod.netns, 4, v4);
    await ip(guest, pod.netns, 6, v6);
  }
}

function external(nodes: readonly NodePlace[], via: Readonly<Record<string, string>>, family: 4 | 6): string[] {
  return Object.entries(via).flatMap(([address, name]) => {
    const node = nodes.find((candidate) => candidate.name === name);
    if (node === undefined || address.includes(':') !== (family === 6)) return [];
    return [`route add ${address} via ${family === 4 ? node.address.v4 : node.address.v6}`];
  });
}

async function furnishNode(
  guest: Guest,
  node: NodePlace,
  nodes: readonly NodePlace[],
  pods: readonly PodPlace[],
): Promise<void> {
  const others = nodes.filter((other) => other !== node);
  const links = nodeLinks(node, pods);
  await ip(guest, node.netns, 4, [
    'link set lo up',
    'link set eth0 up',
    `address add ${node.address.v4}/24 dev eth0`,
    `route add default via ${CLUSTER.router.v4}`,
    ...others.map((other) => `route add ${other.podRange.v4} via ${other.address.v4}`),
    ...links.v4,
  ]);
  await ip(guest, node.netns, 6, [
    `address add ${node.address.v6}/64 dev eth0 nodad`,
    `route add default via ${CLUSTER.router.v6}`,
    ...others.map((other) => `route add ${other.podRange.v6} via ${other.address.v6}`),
    ...links.v6,
  ]);
}

async function ip(guest: Guest, netns: string, family: 4 | 6, commands: readonly string[]): Promise<void> {
  await guest.run(netns, ['ip', `-${family}`, '-batch', '-'], `${commands.join('\n')}\n`);
}
