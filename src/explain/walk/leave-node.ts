import type { Flow } from '../../model/flow.ts';
import type { Encapsulation } from '../../model/netfilter.ts';
import type { Owner } from '../../model/trace.ts';
import { formatEndpoint } from '../../model/address.ts';
import { addressText } from '../sentences/names.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { neighbourState, ownsAddress } from '../world/attachment.ts';
import type { World } from '../world/world.ts';
import { backendAt } from './backend.ts';
import { end, on, type Crossing, type Move, type WalkState } from './state.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/** A packet leaves a node: to one of its pods, to another node, or to a machine that the snapshot does not know. */
export function leaveNode(world: World, state: WalkState, owner: NodeOwner, crossing: Crossing): readonly Move[] {
  const view = world.cluster(owner.cluster);
  const { flow } = crossing;
  if (crossing.encapsulation !== undefined) return [tunnelled(view, state, owner, crossing, crossing.encapsulation)];
  const nexthop = crossing.gateway ?? flow.destination;
  const pod = view.podAt(flow.destination);
  // IPVS may hand a packet for its virtual address to a machine on the link as it is.
  const handed = crossing.gateway === null ? undefined : view.podAt(crossing.gateway);
  if (handed !== undefined && handed.nodeName === owner.node) {
    return [on(state, { place: { kind: 'pod', cluster: owner.cluster, pod: handed } })];
  }
  if (pod !== undefined && pod.nodeName === owner.node && crossing.gateway === null) {
    return [on(state, { place: { kind: 'pod', cluster: owner.cluster, pod } })];
  }
  if (ownsAddress(world, owner, nexthop)) return [ownGateway(state, owner, nexthop)];
  const other = view.nodeAt(nexthop);
  if (other !== undefined && other !== owner.node) return [wire(state, owner, crossing, other, null)];
  if (pod !== undefined && pod.nodeName !== null && pod.nodeName !== owner.node) {
    return [wire(state, owner, crossing, pod.nodeName, carriedText(view, crossing))];
  }
  return [outOfSight(world, view, state, owner, crossing, nexthop)];
}

function wire(state: WalkState, owner: NodeOwner, crossing: Crossing, to: string, carried: string | null): Move {
  const { device } = crossing;
  const place = { kind: 'wire' as const, cluster: owner.cluster, fromNode: owner.node, device, to, carried };
  return on(state, { place });
}

/** A packet that IPVS put inside another one, for the machine that takes it out. */
function tunnelled(
  view: ClusterView,
  state: WalkState,
  owner: NodeOwner,
  { device }: Crossing,
  encapsulation: Encapsulation,
): Move {
  const to = view.nodeAt(encapsulation.destination);
  if (to === undefined || to === owner.node) {
    const reason = `The packet leaves node ${owner.node} inside an ${encapsulation.kind} packet to ${addressText(view, encapsulation.destination)}; what takes it out there was not captured.`;
    return end(state, { disposition: 'undetermined', reason, unknown: { reason, evidence: [] } });
  }
  const place = { kind: 'wire' as const, cluster: owner.cluster, fromNode: owner.node, device, to, carried: null };
  return on(state, { place: { ...place, encapsulation } });
}

/** The next hop is a router of the network between the nodes, or a tunnel: who carries the packet on is not in the snapshot. */
function carriedText(view: ClusterView, crossing: Crossing): string {
  const by = crossing.gateway === null ? `by ${crossing.device ?? 'an unknown device'}` : `through ${crossing.gateway}`;
  return `${addressText(view, crossing.flow.destination)} (sent ${by})`;
}

function ownGateway(state: WalkState, owner: NodeOwner, nexthop: string): Move {
  const reason = `The route's gateway ${nexthop} is an address of node ${owner.node} itself, so nobody answers for it and the packet is lost.`;
  return end(state, { disposition: 'unroutable', detail: 'EHOSTUNREACH', reason });
}

/** A packet for an address that no pod or node of the snapshot has. */
function outOfSight(
  world: World,
  view: ClusterView,
  state: WalkState,
  owner: NodeOwner,
  crossing: Crossing,
  nexthop: string,
): Move {
  const { flow } = crossing;
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  if (view.isServiceAddress(flow.destination))
    return end(state, { disposition: 'dropped', detail: 'timeout', reason: lostText(view, owner, flow) });
  const neighbour = neighbourState(world, owner, nexthop);
  if (neighbour !== null && crossing.gateway === null && neighbour.failed) {
    const reason = `${flow.destination} is on the link of node ${owner.node}, but no machine there answers for it (neighbour state ${neighbour.state}).`;
    return end(state, { disposition: 'unroutable', detail: 'EHOSTUNREACH', reason });
  }
  const by = crossing.device === null ? '' : ` by ${crossing.device}`;
  const through = crossing.gateway === null ? '' : ` through ${crossing.gateway}`;
  const reason = `The packet for ${to} leaves node ${owner.node}${by}${through} for a machine that is not known here.`;
  return end(state, { disposition: 'leaves-snapshot', reason, backend: backendAt(view, flow) });
}

/** A Service address that no rule of the node translated: it belongs to no machine. */
function lostText(view: ClusterView, owner: NodeOwner, flow: Flow): string {
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const services = view.servicesAt(flow.destination);
  const service = services[0]?.service;
  const whose =
    service === undefined
      ? view.objects?.captured('services') === true
        ? 'no Service has this address'
        : 'no Service that could be read has this address'
      : `Service ${service.namespace}/${service.name} has no port ${flow.destinationPort}/${flow.protocol.toUpperCase()}`;
  return `No rule of node ${owner.node} translates ${to} (${whose}); a Service address belongs to no machine, so the packet is lost and the client times out.`;
}
