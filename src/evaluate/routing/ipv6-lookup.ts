/**
 * Looks an IPv6 destination up as the kernel does: fib6_rule_lookup (net/ipv6/fib6_rules.c) and fib6_table_lookup with
 * rt6_select (net/ipv6/route.c).
 */
import { contains, parsePrefix } from '../../model/address.ts';
import type { Nexthop, Route } from '../../model/network-namespace.ts';
import { because, type FibResult } from './fib-result.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { neighbourHasFailed } from './neighbours.ts';
import { lookupByPolicy } from './policy-lookup.ts';
import { sourceLength, type Leaf, type RoutingTables } from './routing-tables.ts';
import { setting } from './settings.ts';

/** RT6_LOOKUP_F_IFACE: only routes of the flow's device will do (rt6_need_strict, and sockets bound to a device). */
interface Strictness {
  readonly device: string | null;
  readonly strict: boolean;
}

/** A next hop that may be taken; the kernel keeps each next hop of a multipath route as a route of its own. */
interface Candidate {
  readonly route: Route;
  readonly nexthop: Nexthop;
  readonly score: number;
}

const ROUTER_PREFERENCE: Readonly<Record<Route['preference'], number>> = { low: 1, medium: 2, high: 3 };
/** Device matches, and device does not: rt6_score_route. */
const DEVICE_SCORE = 2;
const LINK_LOCAL = parsePrefix('fe80::/10');
const MULTICAST = parsePrefix('ff00::/8');
const NOTHING: FibResult = { kind: 'no-route', evidence: [] };

/** Looks a flow up. */
export function lookupIpv6(tables: RoutingTables, flow: LookupFlow): FibResult {
  if (tables.broken !== undefined) return { kind: 'unknown', reason: tables.broken, evidence: [] };
  const strictness = strictnessOf(flow);
  const look = (name: string): FibResult | undefined => lookupTable(tables, name, flow, strictness);
  const rules = tables.orderedRules;
  if (rules !== undefined) return lookupByPolicy(tables, rules, flow, look);
  return look('local') ?? look('main') ?? NOTHING;
}

/**
 * ip6_route_input passes the incoming device as the device to prefer (ip6_pol_route_input); ip6_route_output_flags the one that
 * the socket is bound to, and insists on it.
 */
function strictnessOf(flow: LookupFlow): Strictness {
  const linkScoped = [LINK_LOCAL, MULTICAST].some(
    (prefix) => prefix !== undefined && contains(prefix, flow.destination),
  );
  const device = flow.received ? (flow.inInterface ?? null) : flow.outInterface;
  return { device, strict: linkScoped || (!flow.received && device !== null) };
}

function lookupTable(
  tables: RoutingTables,
  name: string,
  flow: LookupFlow,
  strictness: Strictness,
): FibResult | undefined {
  if (name !== 'main' && !tables.allTables) {
    return { kind: 'unknown', reason: `routing table ${name} was not captured`, evidence: [] };
  }
  const nodes = nodesInOrder(tables.leaves([name], flow.destination), flow);
  const selections = nodes.map((routes) => select(tables, routes, strictness)).filter((one) => one !== undefined);
  const chosen = selections[0];
  if (chosen === undefined) return undefined;
  if ('kind' in chosen) return chosen;
  const doubt = reachability(tables, chosen, selections);
  return doubt ?? result(chosen, tables, strictness);
}

/**
 * The nodes of the tree in the order in which the kernel tries them: fib6_node_lookup finds the first, fib6_backtrack (both
 * net/ipv6/ip6_fib.c, route.c) the others.
 *
 * Routes with a source prefix hang in a tree of their own below their destination. The first search goes by a destination that
 * has such a tree only if the source is in it, else past it, past its routes without source too, to a shorter one; only the
 * default route is come back to. Going on from a node where no route could be used, the search passes by all of them.
 */
function nodesInOrder(leaves: readonly Leaf[], flow: LookupFlow): readonly (readonly Route[])[] {
  const steps = leaves.map(({ length, routes }) => {
    const plain = routes.filter((route) => sourceLength(route) === 0);
    const hasTree = plain.length < routes.length;
    const bySource = groupBySource(routes, flow);
    const isFirst = hasTree ? bySource.length > 0 : plain.length > 0;
    return { isDefault: length === 0, isFirst, nodes: [...bySource, ...(plain.length > 0 ? [plain] : [])], plain };
  });
  const first = steps.findIndex((step) => step.isFirst);
  if (first >= 0) return steps.slice(first).flatMap((step) => step.nodes);
  return steps.flatMap((step) => (step.isDefault && step.plain.length > 0 ? [step.plain] : []));
}

/** The routes whose source prefix holds the flow's source, in groups of one prefix, the longest first. */
function groupBySource(routes: readonly Route[], flow: LookupFlow): readonly (readonly Route[])[] {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    if (route.source === null || sourceLength(route) === 0 || !sourceMatches(route.source, flow)) continue;
    const group = groups.get(route.source);
    if (group === undefined) groups.set(route.source, [route]);
    else group.push(route);
  }
  return [...groups.values()];
}

function sourceMatches(text: string, flow: LookupFlow): boolean {
  const prefix = parsePrefix(text);
  if (prefix === undefined) return false;
  return flow.source === null ? prefix.bits === 0n : contains(prefix, flow.source);
}

/** What one node of the tree offers, best first; undefined: nothing that can be used. */
type Selection = readonly [Candidate, ...Candidate[]] | FibResult;

/** find_rr_leaf: the best score among the routes of the lowest metric; if none of them will do, the best among all others. */
function select(tables: RoutingTables, routes: readonly Route[], strictness: Strictness): Selection | undefined {
  const open = routes.find((route) => route.notUnderstood.length > 0);
  if (open !== undefined) {
    const reason = `a route to ${open.destination} is not understood (${open.notUnderstood.join(', ')})`;
    return { kind: 'unknown', reason, evidence: [open.evidence] };
  }
  const lowest = routes[0]?.metric;
  const first = candidates(
    tables,
    routes.filter((route) => route.metric === lowest),
    strictness,
  );
  const all = first.length > 0 ? first : candidates(tables, routes, strictness);
  const [best, ...others] = all.toSorted((a, b) => b.score - a.score);
  return best === undefined ? undefined : [best, ...others];
}

/** find_match and rt6_score_route: what is dead, or strictly of another device, is out. */
function candidates(tables: RoutingTables, routes: readonly Route[], { device, strict }: Strictness): Candidate[] {
  return routes.flatMap((route) => {
    const nexthops =
      route.nexthops.length > 0 ? route.nexthops : [{ gateway: null, device: tables.loopback, weight: 1, flags: [] }];
    return nexthops.flatMap((nexthop) => {
      if (nexthop.flags.includes('dead')) return [];
      const fits = device === null || nexthop.device === device;
      if (!fits && strict) return [];
      return [{ route, nexthop, score: (fits ? DEVICE_SCORE : 0) | (ROUTER_PREFERENCE[route.preference] << 2) }];
    });
  });
}

/**
 * A machine that does not forward passes over gateways whose neighbour entry has failed, when it has anything else to turn to
 * (RT6_LOOKUP_F_REACHABLE in ip6_pol_route, rt6_check_neigh).
 */
function reachability(
  tables: RoutingTables,
  chosen: readonly [Candidate, ...Candidate[]],
  selections: readonly Selection[],
): FibResult | undefined {
  const [best] = chosen;
  if (best.nexthop.gateway === null || setting(tables, 'net.ipv6.conf.all.forwarding')?.value === '1') return undefined;
  const others = chosen.some((other) => other.route !== best.route);
  if (!others && selections.length === 1) return undefined;
  if (neighbourHasFailed(tables, best.nexthop) === false) return undefined;
  const reason = `the kernel passes over gateway ${best.nexthop.gateway} if it does not answer, and its neighbour entry ${
    tables.neighbours.value === undefined ? 'was not captured' : 'has failed'
  }`;
  return { kind: 'unknown', reason, evidence: [best.route.evidence] };
}

function result(
  chosen: readonly [Candidate, ...Candidate[]],
  tables: RoutingTables,
  { device }: Strictness,
): FibResult | undefined {
  const [{ route, nexthop }] = chosen;
  const evidence = [route.evidence];
  switch (route.type) {
    case 'throw':
      return undefined;
    case 'unreachable':
    case 'prohibit':
    case 'blackhole':
      return { kind: route.type, evidence };
    default: {
      const nexthops = chosen.filter((one) => one.route === route).map((one) => one.nexthop);
      // fib6_select_path weighs siblings from the matched one on, so that a preferred device among them skews the shares.
      if (nexthops.length > 1 && device !== null && nexthops.some((one) => one.device === device)) {
        const reason = `the shares of the next hops of ${route.destination} are not known for packets of ${device}`;
        return { kind: 'unknown', reason, evidence };
      }
      const sorted = route.nexthops.filter((one) => nexthops.includes(one));
      return because(
        { kind: 'route', route, nexthops: sorted.length > 0 ? sorted : [nexthop], rivals: [], evidence },
        [],
      );
    }
  }
}
