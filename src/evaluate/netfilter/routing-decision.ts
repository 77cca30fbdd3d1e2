import type { Flow } from '../../model/flow.ts';
import type { NetfilterEnvironment, TraversalOutcome } from '../../model/netfilter.ts';
import type { RouteDecision, RouteQuery } from '../../model/routing.ts';
import { append } from './list.ts';
import { endBranch, notKnown, undetermined } from './outcome.ts';
import { change, type WalkState } from './state.ts';

/** The routing decision for a packet that came in (ip_route_input) or that a process sends (ip_route_output). */
export function routeOf(
  flow: Flow,
  from: 'wire' | 'process',
  environment: NetfilterEnvironment,
): readonly RouteDecision[] {
  const query = from === 'wire' ? queryOf(flow, flow.inInterface, undefined) : queryOf(flow, null, flow.uid);
  return environment.route(query);
}

/**
 * The decision that is made anew when OUTPUT changed the packet. For IPv4 it forgets the sender's uid.
 * Source: net/ipv4/netfilter.c ip_route_me_harder (flowi4_uid stays 0), net/ipv6/netfilter.c ip6_route_me_harder.
 */
export function rerouteOf(flow: Flow, environment: NetfilterEnvironment): readonly RouteDecision[] {
  return environment.route(queryOf(flow, null, flow.family === 4 ? 0 : flow.uid));
}

/** The branches of a routing decision. */
export function takeRoutes(state: WalkState, decisions: readonly RouteDecision[]): WalkState[] {
  return decisions.map((route) =>
    change(state, {
      route,
      probability: state.probability * route.probability,
      conditions: route.conditions.reduce(append, state.conditions),
    }),
  );
}

/** A routing decision that ends the branch. */
export function routeEnd(state: WalkState): TraversalOutcome | undefined {
  const { route } = state;
  switch (route?.kind) {
    case 'local':
    case 'forward':
      return undefined;
    case 'unreachable':
    case 'prohibit':
    case 'no-route':
    case 'blackhole':
      return endBranch(state, 'unroutable');
    case 'broadcast':
    case 'multicast':
      return undetermined(state, notKnown(`${route.kind} packets are not followed`, route.evidence));
    default:
      return undetermined(state, notKnown(route?.reason ?? 'the route is not known', route?.evidence ?? []));
  }
}

/** The device by which the routing decision sends the packet; packets to this namespace itself leave by the loopback device. */
export function outward(state: WalkState): WalkState {
  const { route } = state;
  return change(state, { outDevice: route?.kind === 'local' ? 'lo' : (route?.device ?? undefined) });
}

function queryOf(flow: Flow, inInterface: string | null | undefined, uid: number | undefined): RouteQuery {
  return {
    destination: flow.destination,
    source: flow.source,
    mark: flow.mark,
    protocol: flow.protocol,
    sourcePort: flow.sourcePort,
    destinationPort: flow.destinationPort === 0 ? null : flow.destinationPort,
    inInterface,
    uid,
  };
}
