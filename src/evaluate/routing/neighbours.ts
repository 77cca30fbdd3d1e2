import { canonical } from '../../model/address.ts';
import type { Nexthop } from '../../model/network-namespace.ts';
import type { RoutingTables } from './routing-tables.ts';

/** NUD_VALID (include/net/neighbour.h), and states that are on the way there. */
const UNUSABLE = new Set(['FAILED', 'INCOMPLETE', 'NONE']);

/** Whether the kernel has given up on the next hop's gateway; undefined: the neighbour table was not captured. */
export function neighbourHasFailed(tables: RoutingTables, nexthop: Nexthop): boolean | undefined {
  return stateIn(tables, nexthop, new Set(['FAILED']));
}

/** Whether the next hop's gateway is in no valid state (NUD_VALID); one without an entry counts as valid (fib_good_nh, ipv6_good_nh). */
export function neighbourIsInvalid(tables: RoutingTables, nexthop: Nexthop): boolean | undefined {
  return stateIn(tables, nexthop, UNUSABLE);
}

function stateIn(
  tables: RoutingTables,
  { gateway, device }: Nexthop,
  states: ReadonlySet<string>,
): boolean | undefined {
  if (gateway === null) return false;
  if (tables.neighbours.value === undefined) return undefined;
  const address = canonical(gateway);
  const entry = tables.neighbours.value.find((one) => one.address === address && one.device === device);
  return entry?.states.some((state) => states.has(state)) ?? false;
}
