import type { Encapsulation } from '../../model/netfilter.ts';
import { deviceTowards } from '../world/netns.ts';
import { linkKind } from '../world/attachment.ts';
import type { World } from '../world/world.ts';
import { end, hop, on, withHop, type Place, type WalkState } from './state.ts';
import type { Moved } from './through.ts';

/** Kinds of device that carry packets inside other packets; the peer's device has the same name. */
const TUNNELS = new Set(['vxlan', 'geneve', 'ipip', 'sit', 'gre', 'ip6tnl', 'wireguard', 'ip6gre', 'gretap']);

/** Kinds of device that take packets out, by what IPVS puts them into. */
const TUNNEL_DEVICES: Readonly<Record<string, readonly string[]>> = { ipip: ['ipip'], ip6ip6: ['ip6tnl'] };

/**
 * A packet crosses the network between two nodes. Nothing of that network is in a snapshot, so that it arrives is an
 * assumption, and the hop says so.
 */
export function moveWire(world: World, state: WalkState, place: Place & { readonly kind: 'wire' }): Moved {
  const { cluster, fromNode, device, to, carried, encapsulation } = place;
  const from = { kind: 'node' as const, cluster, node: fromNode };
  const target = { kind: 'node' as const, cluster, node: to };
  if (encapsulation !== undefined) return takeOut(world, state, place, encapsulation);
  const kind = device === null ? null : linkKind(world, from, device);
  const tunnel = kind !== null && TUNNELS.has(kind);
  const arrival = tunnel
    ? sameDevice(world, target, device)
    : deviceTowards(world, target, nodeAddress(world, cluster, fromNode));
  const by = device === null ? '' : ` by ${device}${tunnel ? ` (${kind})` : ''}`;
  const step = {
    kind: 'wire',
    action: 'assumed',
    text:
      carried === null
        ? `the packet crosses the network from ${fromNode}${by} to ${to}`
        : `the network between ${fromNode} and ${to} is taken to carry packets for ${carried}`,
    evidence: [],
  };
  const next = withHop(state, hop('wire', `${fromNode} → ${to}`, null, 'assumed', [step]));
  return { moves: [on(next, { place: { kind: 'node', cluster, node: to, device: arrival } })], visits: [] };
}

/** The inner packet comes out of the tunnel device of its protocol; where none is up, nobody takes it out (net/ipv4/ipip.c ipip_rcv). */
function takeOut(
  world: World,
  state: WalkState,
  { cluster, fromNode, to }: Place & { readonly kind: 'wire' },
  { kind, destination }: Encapsulation,
): Moved {
  const target = { kind: 'node' as const, cluster, node: to };
  const links = world.cluster(cluster).netns(target).links().value;
  const tunnel = links?.find((link) => link.up && TUNNEL_DEVICES[kind]?.includes(link.kind ?? '') === true);
  const text = `the packet crosses the network from ${fromNode} inside an ${kind} packet to ${destination} (node ${to})`;
  const step = { kind: 'wire', action: 'assumed', text, evidence: tunnel === undefined ? [] : [tunnel.evidence] };
  const next = withHop(state, hop('wire', `${fromNode} → ${to}`, null, 'assumed', [step]));
  if (links !== undefined && tunnel === undefined) {
    const reason = `No ${kind} device is up on node ${to}, so nobody there takes the packet out of its tunnel packet and it is lost.`;
    return { moves: [end(next, { disposition: 'dropped', detail: 'timeout', reason })], visits: [] };
  }
  return { moves: [on(next, { place: { kind: 'node', cluster, node: to, device: tunnel?.name } })], visits: [] };
}

function sameDevice(world: World, target: { kind: 'node'; cluster: string; node: string }, device: string | null) {
  return device !== null && linkKind(world, target, device) !== null ? device : undefined;
}

function nodeAddress(world: World, cluster: string, node: string): string | undefined {
  return world.cluster(cluster).nodeNamed(node)?.addresses[0]?.address;
}
