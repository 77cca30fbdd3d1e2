import type { Nexthop } from '../../model/network-namespace.ts';
import type { RouteFound } from './fib-result.ts';
import { scopeNumber, selectAddress } from './ipv4-source-address.ts';
import { selectAddress6 } from './ipv6-source-address.ts';
import type { LookupFlow } from './lookup-flow.ts';
import type { RoutingTables } from './routing-tables.ts';

/**
 * The source of a packet made here: the sender's own, the route's (`src`), or the one that the kernel picks for the next hop's
 * device (fib_result_prefsrc, net/ipv4/fib_semantics.c; ip6_route_get_saddr, include/net/ip6_route.h). A local IPv4 destination
 * without `src` is its own source.
 * @param nexthop null for local delivery
 * @returns null when it is not known, or there is none
 */
export function preferredSource(
  tables: RoutingTables,
  flow: LookupFlow,
  found: RouteFound,
  nexthop: Nexthop | null,
): string | null {
  const { route } = found;
  if (flow.source !== null) return flow.source.text;
  if (route.preferredSource !== null) return route.preferredSource;
  const device = (nexthop ?? found.nexthops[0])?.device ?? null;
  if (tables.family === 6) return selectAddress6(tables, device, flow.destination) ?? null;
  if (nexthop === null) return flow.destination.text;
  const scope = scopeNumber(route.scope);
  if (device === null || scope === undefined) return null;
  const gateway = nexthop.gateway?.includes(':') === true ? null : nexthop.gateway;
  return selectAddress(tables, device, gateway, scope) ?? null;
}
