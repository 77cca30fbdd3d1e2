import { deviceTowards } from '../world/netns.ts';
import { linkKind } from '../world/attachment.ts';
import type { World } from '../world/world.ts';
import { hop, on, withHop, type Place, type WalkState } from './state.ts';
import type { Moved } from './through.ts';

/** Kinds of device that carry packets inside other packets; the peer's device has the same name. */
const TUNNELS = new Set(['vxlan', 'geneve', 'ipip', 'sit', 'gre', 'ip6tnl', 'wireguard', 'ip6gre', 'gretap']);

/**
 * A packet crosses the network between two nodes. Nothing of that network is in a snapshot, so that it arrives is an
 * assumption, and the hop says so.
 */
export function moveWire(world: World, state: WalkState, place: Place & { readonly kind: 'wire' }): Moved {
  const { cluster, fromNode, device, to, carried } = place;
  const from = { kind: 'node' as const, cluster, node: fromNode };
  const target = { kind: 'node' as const, cluster, node: to };
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

function sameDevice(world: World, target: { kind: 'node'; cluster: string; node: string }, device: string | null) {
  return device !== null && linkKind(world, target, device) !== null ? device : undefined;
}

function nodeAddress(world: World, cluster: string, node: string): string | undefined {
  return world.cluster(cluster).nodeNamed(node)?.addresses[0]?.address;
}
