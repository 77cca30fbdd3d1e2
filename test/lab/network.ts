import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { execute } from './execute.ts';
import type { LabRecord } from './record.ts';
import type { Topology } from './topology/topology.ts';

/** One address in each family. */
export interface AddressPair {
  readonly v4: string;
  readonly v6: string;
}

/** Ranges and fixed addresses; the same in each lab, since all of them are inside its own network namespaces. */
export const CLUSTER = {
  serviceRange: { v4: '10.96.0.0/16', v6: 'fd00:96::/108' },
  podRange: { v4: '10.244.0.0/16', v6: 'fd00:244::/32' },
  dnsService: { v4: '10.96.0.10', v6: 'fd00:96::a' },
  /** The router between nodes, control plane and outside; kube-apiserver answers here. */
  router: { v4: '10.10.0.1', v6: 'fd00:10::1' },
  outsideGateway: { v4: '203.0.113.1', v6: '2001:db8:113::1' },
  outside: { v4: '203.0.113.10', v6: '2001:db8:113::10' },
  /** What load balancers and external addresses are taken from; the router sends them to a node. */
  externalRange: { v4: '198.51.100.0/24', v6: '2001:db8:100::/64' },
} as const;

/** A node's place in the network. */
export interface NodePlace {
  readonly name: string;
  readonly netns: string;
  readonly address: AddressPair;
  readonly podRange: AddressPair;
}

/** Commands of `ip` in one namespace, by family. */
export interface IpCommands {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

/** The namespaces of one lab. */
export interface Network {
  readonly router: string;
  readonly outside: string;
  readonly nodes: readonly NodePlace[];
  /** Address at which this machine reaches the router. */
  readonly entrance: string;
}

/**
 * Lays the wires: a router namespace with a bridge that all nodes hang on, a client outside of the cluster behind the same router, and
 * one link to this machine, for kube-apiserver alone.
 */
export async function layNetwork(record: LabRecord, topology: Topology): Promise<Network> {
  const router = await record.netns('router');
  const outside = await record.netns('outside');
  const nodes: NodePlace[] = [];
  for (const [at, name] of topology.nodes.entries()) nodes.push(await placeNode(record, name, at + 1));
  const subnet = freeSubnet(record.name);
  const entrance = `198.18.${subnet}.2`;
  const hostLink = `${record.name}-host`;
  record.add({ kind: 'link', name: hostLink });
  await execute('ip', ['link', 'add', hostLink, 'type', 'veth', 'peer', 'name', 'host', 'netns', router]);
  await execute('ip', ['address', 'add', `198.18.${subnet}.1/30`, 'dev', hostLink]);
  await execute('ip', ['link', 'set', hostLink, 'up']);
  await forward(router);
  await batch(router, [
    'link set lo up',
    'link add nodes type bridge',
    ...addresses('nodes', CLUSTER.router, 24),
    `link add outside type veth peer name eth0 netns ${outside}`,
    ...addresses('outside', CLUSTER.outsideGateway, 24),
    `address add ${entrance}/30 dev host`,
    'link set host up',
    ...nodes.flatMap(({ name, netns, address, podRange }) => [
      `link add ${name} type veth peer name eth0 netns ${netns}`,
      `link set ${name} master nodes up`,
      `route add ${podRange.v4} via ${address.v4}`,
      `-6 route add ${podRange.v6} via ${address.v6}`,
    ]),
    // Else the first packets of CoreDNS to the API server, before its node has rules, would wander, and it would wait.
    ...serviceRoutes('unreachable'),
  ]);
  await batch(outside, [
    'link set lo up',
    ...addresses('eth0', CLUSTER.outside, 24),
    `route add default via ${CLUSTER.outsideGateway.v4}`,
    `-6 route add default via ${CLUSTER.outsideGateway.v6}`,
  ]);
  for (const node of nodes) await furnishNode(node, nodes);
  await batch(router, externalRoutes(nodes, topology.externalVia ?? {}));
  return { router, outside, nodes, entrance };
}

/** Service addresses that no rule translates belong to no machine: a started cluster's router drops what is sent there. */
export async function dropServiceAddresses(router: string): Promise<void> {
  await batch(router, [
    `route delete ${CLUSTER.serviceRange.v4}`,
    `-6 route delete ${CLUSTER.serviceRange.v6}`,
    ...serviceRoutes('blackhole'),
  ]);
}

function serviceRoutes(kind: 'unreachable' | 'blackhole'): string[] {
  return [`route add ${kind} ${CLUSTER.serviceRange.v4}`, `-6 route add ${kind} ${CLUSTER.serviceRange.v6}`];
}

/** The router sends external addresses to the first node unless told, as a load balancer or an announced route does. */
function externalRoutes(nodes: readonly NodePlace[], via: Readonly<Record<string, string>>): string[] {
  const to = (destination: string, node: NodePlace): string =>
    destination.includes(':')
      ? `-6 route replace ${destination} via ${node.address.v6}`
      : `route replace ${destination} via ${node.address.v4}`;
  return nodes.flatMap((node, at) => [
    ...(at === 0 ? [to(CLUSTER.externalRange.v4, node), to(CLUSTER.externalRange.v6, node)] : []),
    ...Object.keys(via).flatMap((address) => (via[address] === node.name ? [to(address, node)] : [])),
  ]);
}

/** Runs commands of `ip` inside a namespace, those of a family in one process. */
export async function runIp(netns: string, { v4, v6 }: IpCommands): Promise<void> {
  for (const [family, lines] of [[[], v4] as const, [['-6'], v6] as const]) {
    if (lines.length === 0) continue;
    await execute('ip', [...family, '-n', netns, '-batch', '-'], { input: `${lines.join('\n')}\n` });
  }
}

/** The same for lines of both families; `-6 ` at the front of one asks for IPv6. */
async function batch(netns: string, commands: readonly string[]): Promise<void> {
  const isSix = (line: string): boolean => line.startsWith('-6 ');
  const v6 = commands.filter(isSix).map((line) => line.slice(3));
  await runIp(netns, { v4: commands.filter((line) => !isSix(line)), v6 });
}

async function placeNode(record: LabRecord, name: string, number: number): Promise<NodePlace> {
  return {
    name,
    netns: await record.netns(name),
    address: { v4: `10.10.0.${10 + number}`, v6: `fd00:10::${10 + number}` },
    podRange: { v4: `10.244.${number}.0/24`, v6: `fd00:244:${number}::/64` },
  };
}

async function furnishNode(node: NodePlace, nodes: readonly NodePlace[]): Promise<void> {
  await forward(node.netns);
  await batch(node.netns, [
    'link set lo up',
    ...addresses('eth0', node.address, 24),
    `route add default via ${CLUSTER.router.v4}`,
    `-6 route add default via ${CLUSTER.router.v6}`,
    ...nodes.flatMap((other) =>
      other === node
        ? []
        : [
            `route add ${other.podRange.v4} via ${other.address.v4}`,
            `-6 route add ${other.podRange.v6} via ${other.address.v6}`,
          ],
    ),
  ]);
}

/** Duplicate address detection would hold IPv6 back for a second or two. */
function addresses(link: string, address: AddressPair, length: number): string[] {
  return [
    `address add ${address.v4}/${length} dev ${link}`,
    `address add ${address.v6}/64 dev ${link} nodad`,
    `link set ${link} up`,
  ];
}

async function forward(netns: string): Promise<void> {
  const settings = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.default.accept_dad=0'];
  await execute('sysctl', ['-q', '-w', ...settings], { netns });
  await answerAlways(netns);
}

/** Else a refusal among many looks like a drop, since its ICMP message is held back. */
export async function answerAlways(netns: string): Promise<void> {
  await execute('sysctl', ['-q', '-w', 'net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0'], { netns });
}

/** A subnet that no interface of this machine has, from the range for tests between networks (RFC 2544). */
function freeSubnet(name: string): number {
  const routes = readFileSync('/proc/net/route', 'utf8');
  let number = createHash('sha256').update(name).digest()[0] ?? 0;
  // Destinations there are hexadecimal, in the order of bytes of this processor: 198.18.N.0 is 00NN12C6.
  const isTaken = (): boolean => routes.includes(`00${number.toString(16).toUpperCase().padStart(2, '0')}12C6`);
  for (let tries = 0; isTaken() && tries < 256; tries += 1) number = (number + 1) % 256;
  return number;
}
