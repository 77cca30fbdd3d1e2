/**
 * The routing decision for one packet: what the kernel does with it before and after its hooks.
 *
 * In: the routing tables of a namespace, and what a decision depends on. Out: one decision for each next hop that may be taken,
 * whose probabilities add up to 1. A packet made here (`inInterface` null) is routed as ip_route_output_key_hash_rcu
 * (net/ipv4/route.c) and ip6_route_output (net/ipv6/route.c) do; a received one as ip_route_input_slow and ip6_route_input do,
 * with the checks of source, forwarding and loopback addresses. It must not follow the packet any further.
 */
import type { RouteDecision, RouteQuery } from '../../model/routing.ts';
import { certain, unknown } from './decisions.ts';
import { lookupFlow } from './lookup-flow.ts';
import { routeReceived } from './received-route.ts';
import type { RoutingTables } from './routing-tables.ts';
import { routeSent } from './sent-route.ts';

const NO_RULES = 'routing rules were not captured; taken to be the ones that the kernel starts with';

/**
 * Decides where a packet goes. Before a source is chosen (`source` null) the decision names the one that the kernel picks; a
 * TCP socket then looks up a second time with it (ip_route_connect, include/net/route.h), which matters where rules look at
 * sources. The sender's own right to a source is not checked here, as for packets that are routed again (ip_route_me_harder).
 *
 * Where it is not known how the packet came (`inInterface` undefined), the answer is what all possible ways have in common.
 */
export function evaluateRoute(tables: RoutingTables, query: RouteQuery): readonly RouteDecision[] {
  return decide(tables, query).map((decision) => withAssumptions(tables, decision));
}

function decide(tables: RoutingTables, query: RouteQuery): readonly RouteDecision[] {
  const { inInterface } = query;
  const flow = lookupFlow(tables, query);
  if (flow === undefined) return [certain(unknown(`${query.destination} is no IPv${tables.family} address`))];
  if (inInterface === undefined) return decideAnyhow(tables, query);
  return inInterface === null ? routeSent(tables, flow) : routeReceived(tables, flow, inInterface);
}

/** By each device that is up, and from a process here. */
function decideAnyhow(tables: RoutingTables, query: RouteQuery): readonly RouteDecision[] {
  const links = tables.links.value?.filter((link) => link.up && !link.loopback);
  if (links === undefined)
    return [certain(unknown('neither the incoming device nor the devices of the machine are known'))];
  const ways = [...links.map((link) => link.name), null].map((inInterface) =>
    decide(tables, { ...query, inInterface }),
  );
  const [first, ...others] = ways;
  if (first !== undefined && others.every((other) => outline(other) === outline(first))) return first;
  const open = ways.flat().find((decision) => decision.kind === 'unknown');
  return [
    open === undefined ? certain(unknown('it depends on the incoming device, which is not known')) : certain(open),
  ];
}

/** What of a decision matters to the packet's way. */
function outline(decisions: readonly RouteDecision[]): string {
  return JSON.stringify(
    decisions.map(({ kind, device, gateway, probability }) => [kind, device, gateway, probability]),
  );
}

function withAssumptions(tables: RoutingTables, decision: RouteDecision): RouteDecision {
  if (tables.orderedRules !== undefined || decision.kind === 'unknown') return decision;
  return { ...decision, assumptions: [...(decision.assumptions ?? []), NO_RULES] };
}
