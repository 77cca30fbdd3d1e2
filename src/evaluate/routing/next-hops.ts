import type { Nexthop } from '../../model/network-namespace.ts';
import type { RouteFound } from './fib-result.ts';
import { scopeNumber, selectAddress } from './ipv4-source-address.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { neighbourIsInvalid } from './neighbours.ts';
import type { RoutingTables } from './routing-tables.ts';
import { setting } from './settings.ts';

/** A next hop with its share of all flows. */
export interface Share {
  readonly nexthop: Nexthop;
  readonly probability: number;
}

/** Why the choice is not known, as a clause. */
export interface OpenChoice {
  readonly reason: string;
}

/**
 * Shares of a route's next hops. The kernel hashes each flow (by addresses, or by addresses and ports) over shares that are
 * proportional to the weights of the live ones: fib_rebalance and fib_select_multipath (net/ipv4/fib_semantics.c),
 * rt6_multipath_rebalance and fib6_select_path (net/ipv6/route.c). The hash has a secret key, so shares are probabilities.
 */
export function shareNexthops(
  tables: RoutingTables,
  flow: LookupFlow,
  found: RouteFound,
): readonly Share[] | OpenChoice {
  const { route, nexthops, rivals } = found;
  const [first] = nexthops;
  if (first === undefined) return { reason: `the route to ${route.destination} has no next hop` };
  const made = !flow.received;
  if (made && flow.outInterface === null && rivals.length > 0) {
    return {
      reason: `${rivals.length + 1} default routes have one metric, and the kernel takes the one whose gateway answers`,
    };
  }
  const own = nexthops.find((nexthop) => isOwnGateway(tables, nexthop));
  if (own !== undefined) {
    return {
      reason: `gateway ${own.gateway} is an address of this machine: whether it counts depends on which came first`,
    };
  }
  if (route.nexthops.length === 1 || (tables.family === 4 && flow.outInterface !== null)) {
    return [{ nexthop: first, probability: 1 }];
  }
  if (choosesByNeighbour(tables, found) && nexthops.some((nexthop) => neighbourIsInvalid(tables, nexthop) !== false)) {
    return { reason: `the next hops of ${route.destination} are chosen by the state of their neighbours` };
  }
  if (tables.family === 4 && made && prefersBySource(tables, flow, found)) {
    return { reason: 'since Linux 6.16 the kernel prefers the next hop that has this source, before it did not' };
  }
  const total = nexthops.reduce((sum, nexthop) => sum + nexthop.weight, 0);
  return nexthops.map((nexthop) => ({ nexthop, probability: nexthop.weight / total }));
}

/**
 * A gateway that was an address of the machine when its route was made does not count, and the destination is taken to be on the
 * link (nhc_scope in fib_check_nh_v4_gw and rt_set_nexthop); with `onlink` no such route can be made.
 */
function isOwnGateway(tables: RoutingTables, { gateway, flags }: Nexthop): boolean {
  if (tables.family === 6 || gateway === null || flags.includes('onlink')) return false;
  return tables.addresses.value?.some((one) => one.address === gateway) === true;
}

/** Nexthop groups always look (nexthop_select_path_hthr, net/ipv4/nexthop.c), IPv4 routes with fib_multipath_use_neigh. */
function choosesByNeighbour(tables: RoutingTables, { route }: RouteFound): boolean {
  if (route.nexthopId !== null) return true;
  return tables.family === 4 && (setting(tables, 'net.ipv4.fib_multipath_use_neigh')?.value ?? '0') !== '0';
}

function prefersBySource(tables: RoutingTables, flow: LookupFlow, { route, nexthops }: RouteFound): boolean {
  if (flow.source === null) return false;
  const scope = scopeNumber(route.scope);
  const owners = nexthops.filter((nexthop) => {
    if (nexthop.device === null || scope === undefined) return true;
    const own = selectAddress(tables, nexthop.device, nexthop.gateway, scope);
    return own === undefined || own === flow.source?.text;
  });
  return owners.length > 0 && owners.length < nexthops.length;
}
