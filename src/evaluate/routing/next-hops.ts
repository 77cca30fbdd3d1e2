import { contains, parseAddress, parsePrefix, type Address } from '../../model/address.ts';
import type { Nexthop, Route } from '../../model/network-namespace.ts';
import type { RouteFound } from './fib-result.ts';
import { onSubnet, scopeNumber, selectAddress } from './ipv4-source-address.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { neighbourIsInvalid } from './neighbours.ts';
import type { RoutingTables } from './routing-tables.ts';
import { setting } from './settings.ts';

/** A next hop with its share of all flows. */
export interface Share {
  readonly nexthop: Nexthop;
  /** Where the packet is sent: the next hop's gateway, or null for the destination itself. */
  readonly gateway: string | null;
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
  const doubtful = nexthops.find((nexthop) => effectiveGateway(tables, nexthop) === undefined);
  if (doubtful !== undefined) {
    const reason = `gateway ${doubtful.gateway} is an address of this machine: whether it counts depends on which came first`;
    return { reason };
  }
  const share = (nexthop: Nexthop, probability: number): Share => {
    return { nexthop, gateway: effectiveGateway(tables, nexthop) ?? null, probability };
  };
  if (route.nexthops.length === 1 || (tables.family === 4 && flow.outInterface !== null)) {
    return [share(first, 1)];
  }
  if (choosesByNeighbour(tables, found) && nexthops.some((nexthop) => neighbourIsInvalid(tables, nexthop) !== false)) {
    return { reason: `the next hops of ${route.destination} are chosen by the state of their neighbours` };
  }
  if (tables.family === 4 && made && prefersBySource(tables, flow, found)) {
    return { reason: 'since Linux 6.16 the kernel prefers the next hop that has this source, before it did not' };
  }
  const total = nexthops.reduce((sum, nexthop) => sum + nexthop.weight, 0);
  return nexthops.map((nexthop) => share(nexthop, nexthop.weight / total));
}

/**
 * The gateway as far as it counts. One that was an address of the machine when its route was made does not, and the destination is
 * taken to be on the link (nhc_scope in fib_check_nh_v4_gw and rt_set_nexthop, net/ipv4); with `onlink` no such route can be made.
 * The address must have come first when nothing else of its device puts the gateway on the link.
 * @returns null for the destination itself; undefined when it depends on which came first
 */
function effectiveGateway(tables: RoutingTables, { gateway, device, flags }: Nexthop): string | null | undefined {
  if (tables.family === 6 || gateway === null || flags.includes('onlink')) return gateway;
  const address = parseAddress(gateway);
  const addresses = tables.addresses.value?.filter((one) => one.family === 4) ?? [];
  if (address?.family !== 4 || !addresses.some((one) => one.address === gateway)) return gateway;
  const others = addresses.some((one) => one.address !== gateway && one.device === device && onSubnet(one, address));
  const routed = (tables.routes.value ?? []).some(
    (route) => route.preferredSource !== gateway && route.type === 'unicast' && leadsToLink(route, device, address),
  );
  return others || routed ? undefined : null;
}

function leadsToLink(route: Route, device: string | null, address: Address): boolean {
  const prefix = parsePrefix(route.destination);
  const onLink = route.nexthops.some((one) => one.gateway === null && one.device === device);
  return onLink && prefix !== undefined && contains(prefix, address);
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
