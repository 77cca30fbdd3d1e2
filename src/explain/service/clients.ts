import { addressFromBits, parseAddress, parsePrefix, type Address, type Family } from '../../model/address.ts';
import { newFlow, type Flow } from '../../model/flow.ts';
import type { SourceClass } from '../../model/service-report.ts';
import { attachment, linkKind } from '../world/attachment.ts';
import { deviceTowards } from '../world/netns.ts';
import { OUTSIDE_PORTS } from '../world/source-ports.ts';
import type { World } from '../world/world.ts';
import type { ServiceAddress } from '../../evaluate/kube-proxy/service-addresses.ts';

export interface NodeOwner {
  readonly kind: 'node';
  readonly cluster: string;
  readonly node: string;
}

/** A client of one class, as the node sees its packets. */
export interface Client {
  readonly from: SourceClass;
  readonly ip: string;
  readonly device: string | undefined;
}

/** Addresses for documentation (RFC 5737, RFC 3849): nobody's. */
const OUTSIDE: Readonly<Record<Family, string>> = { 4: '203.0.113.254', 6: '2001:db8:ffff:ffff::fffe' };

/** How far into a node's pod CIDR an address lies that stands for a pod, where the node has none. */
const SYNTHETIC_POD = 253n;

/** One client of each class for a node: made once, asked for every Service. */
export function clientsOf(world: World, owner: NodeOwner, family: Family): readonly Client[] {
  const pod = podClient(world, owner, family);
  const outside: Client = {
    from: 'outside',
    ip: OUTSIDE[family],
    device: deviceTowards(world, owner, OUTSIDE[family]),
  };
  return [...(pod === undefined ? [] : [pod]), outside];
}

function podClient(world: World, owner: NodeOwner, family: Family): Client | undefined {
  const view = world.cluster(owner.cluster);
  const cidr = view
    .nodeNamed(owner.node)
    ?.podCIDRs.map(parsePrefix)
    .find((prefix) => prefix?.family === family);
  // An address that no pod has is no endpoint either, so that no Service takes it for its own backend.
  const unused = cidr === undefined ? undefined : unusedAddress(cidr.bits, family);
  const device = deviceTowards(world, owner, unused);
  // All pods behind a bridge come in by it, and nothing tells how pods come into a node of which nothing was captured.
  const bridged = device !== undefined && linkKind(world, owner, device) === 'bridge';
  if (unused !== undefined && (bridged || !view.netns(owner).seen)) return { from: 'pod', ip: unused, device };
  for (const pod of view.podsOn(owner.node).filter((one) => !one.hostNetwork)) {
    const ip = pod.ips.find((one) => parseAddress(one)?.family === family);
    if (ip === undefined) continue;
    const port = attachment(world, owner.cluster, pod);
    return { from: 'pod', ip: unused ?? ip, device: port.bridge ?? port.device ?? undefined };
  }
  return unused === undefined ? undefined : { from: 'pod', ip: unused, device };
}

function unusedAddress(bits: bigint, family: Family): string {
  return addressFromBits(family, bits + SYNTHETIC_POD).text;
}

/** The first packet of a connection from a client. */
export function packetFrom(client: Client, asked: ServiceAddress): Flow {
  const unknownPort = client.from === 'outside' ? OUTSIDE_PORTS : undefined;
  return newFlow({ ...packet(asked), source: client.ip, unknownPort, inInterface: client.device });
}

/**
 * The first packet of a connection that a process of the node makes; null: the node has no address to send from.
 * @param sourceTo the node's own source for a destination
 */
export function packetOfNode(sourceTo: (to: Address) => string | null, asked: ServiceAddress): Flow | null {
  const to = parseAddress(asked.address);
  const source = to === undefined ? null : sourceTo(to);
  return source === null ? null : newFlow({ ...packet(asked), source, inInterface: null, uid: 0, gid: 0 });
}

function packet({ address, port, protocol }: ServiceAddress) {
  const family: Family = address.includes(':') ? 6 : 4;
  return { family, protocol, sourcePort: null, destination: address, destinationPort: port };
}
