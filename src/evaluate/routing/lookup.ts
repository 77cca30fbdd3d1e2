import type { FibResult } from './fib-result.ts';
import { lookupIpv4 } from './ipv4-lookup.ts';
import { lookupIpv6 } from './ipv6-lookup.ts';
import type { LookupFlow } from './lookup-flow.ts';
import type { RoutingTables } from './routing-tables.ts';

/** Looks a flow up in the tables of its family. */
export function lookup(tables: RoutingTables, flow: LookupFlow): FibResult {
  return tables.family === 4 ? lookupIpv4(tables, flow) : lookupIpv6(tables, flow);
}
