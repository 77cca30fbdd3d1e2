/**
 * Looks an IPv4 destination up as the kernel does: fib_lookup (include/net/ip_fib.h) and fib_table_lookup (net/ipv4/fib_trie.c).
 */
import type { Nexthop, Route } from '../../model/network-namespace.ts';
import { because, sameResult, type FibResult } from './fib-result.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { lookupByPolicy } from './policy-lookup.ts';
import type { RoutingTables } from './routing-tables.ts';
import { matchTrafficClass } from './rule-match.ts';

/** Looks a flow up. `ignoreLinkState` is FIB_LOOKUP_IGNORE_LINKSTATE. */
export function lookupIpv4(tables: RoutingTables, flow: LookupFlow, ignoreLinkState = false): FibResult {
  if (tables.broken !== undefined) return { kind: 'unknown', reason: tables.broken, evidence: [] };
  const look = (...names: readonly string[]): FibResult | undefined =>
    lookupTables(tables, names, flow, ignoreLinkState);
  const ordered = tables.orderedRules;
  if (!tables.defaultRules && ordered !== undefined) return lookupByPolicy(tables, ordered, flow, look);
  const merged = lookupMerged(look);
  const apart = look('local') ?? look('main') ?? look('default') ?? NOTHING;
  if (merged === undefined || !sameResult(merged, apart)) {
    const open = [merged, apart].find((result) => result?.kind === 'unknown');
    return open ?? { kind: 'unknown', reason: HISTORY, evidence: [...(merged?.evidence ?? []), ...apart.evidence] };
  }
  return because(apart, ruleEvidence(tables, apart));
}

const NOTHING: FibResult = { kind: 'no-route', evidence: [] };
const HISTORY =
  'the answer depends on whether routing rules were ever changed here: until then the kernel keeps the local and main tables as one';

/**
 * While nobody has ever changed the rules, tables local and main are one (fib_new_table aliases them), so that a longer prefix in
 * main comes before a shorter one in local. After an error from them older kernels still ask the default table, newer ones do not.
 */
function lookupMerged(look: (...names: readonly string[]) => FibResult | undefined): FibResult | undefined {
  const found = look('local', 'main');
  const last = look('default');
  if (found === undefined) return last ?? NOTHING;
  return found.kind === 'route' || last === undefined ? found : undefined;
}

function ruleEvidence(tables: RoutingTables, result: FibResult) {
  if (result.kind !== 'route') return [];
  return (tables.orderedRules ?? []).filter((rule) => rule.table === result.route.table).map((rule) => rule.evidence);
}

/** fib_table_lookup: the longest prefix first; within it by order; a route without a usable next hop is passed over. */
function lookupTables(
  tables: RoutingTables,
  names: readonly string[],
  flow: LookupFlow,
  ignoreLinkState: boolean,
): FibResult | undefined {
  const hidden = names.find((name) => name !== 'main');
  if (hidden !== undefined && !tables.allTables) {
    return { kind: 'unknown', reason: `routing table ${hidden} was not captured`, evidence: [] };
  }
  for (const leaf of tables.leaves(names, flow.destination)) {
    for (const [at, route] of leaf.routes.entries()) {
      const result = tryRoute(tables, route, flow, ignoreLinkState);
      if (result === 'throw') return undefined;
      if (result?.kind === 'route') {
        const rivals = rivalsOf(leaf.length, leaf.routes, at);
        return rivals.length === 0 ? result : { ...result, rivals };
      }
      if (result !== undefined) return result;
    }
  }
  return undefined;
}

function tryRoute(
  tables: RoutingTables,
  route: Route,
  flow: LookupFlow,
  ignoreLinkState: boolean,
): FibResult | 'throw' | undefined {
  if (route.tos !== 0 && !matchTrafficClass(tables, route.tos, flow)) return undefined;
  const evidence = [route.evidence];
  if (route.notUnderstood.length > 0) {
    const reason = `a route to ${route.destination} is not understood (${route.notUnderstood.join(', ')})`;
    return { kind: 'unknown', reason, evidence };
  }
  switch (route.type) {
    case 'throw':
      return 'throw';
    case 'unreachable':
    case 'prohibit':
    case 'blackhole':
      return { kind: route.type, evidence };
    default: {
      const nexthops = route.nexthops.filter((nexthop) => isGood(tables, nexthop, flow, ignoreLinkState));
      return nexthops.length === 0 ? undefined : { kind: 'route', route, nexthops, rivals: [], evidence };
    }
  }
}

/**
 * fib_lookup_good_nhc (net/ipv4/fib_trie.c). A dump marks a next hop dead also when its link is down and the device ignores such
 * routes (fib_nexthop_info, net/ipv4/fib_semantics.c); with the link state ignored, that one counts as good while its device is up.
 */
function isGood(tables: RoutingTables, nexthop: Nexthop, flow: LookupFlow, ignoreLinkState: boolean): boolean {
  if (flow.outInterface !== null && nexthop.device !== flow.outInterface) return false;
  if (!nexthop.flags.includes('dead')) return true;
  const up = tables.links.value?.find((link) => link.name === nexthop.device)?.up === true;
  return ignoreLinkState && up && nexthop.flags.includes('linkdown');
}

/**
 * Default routes of equal metric through gateways: for packets made here the kernel takes the one whose gateway answers
 * (fib_select_default, net/ipv4/fib_semantics.c).
 */
function rivalsOf(length: number, routes: readonly Route[], at: number): readonly Route[] {
  const chosen = routes[at];
  if (length > 0 || chosen === undefined) return [];
  return routes.filter(
    (route) =>
      route !== chosen &&
      route.type === 'unicast' &&
      route.tos === chosen.tos &&
      route.metric === chosen.metric &&
      route.scope === chosen.scope &&
      route.table === chosen.table &&
      route.nexthops[0]?.gateway !== null &&
      chosen.nexthops[0]?.gateway !== null,
  );
}
