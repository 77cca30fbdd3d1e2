import { parseAddress, type Address } from '../../model/address.ts';
import type { RouteQuery } from '../../model/routing.ts';
import type { RoutingTables } from './routing-tables.ts';

/** What a lookup compares rules and routes with (struct flowi4, struct flowi6). */
export interface LookupFlow {
  readonly destination: Address;
  /** null: none chosen yet; rules see 0.0.0.0. */
  readonly source: Address | null;
  /** The loopback device for packets made here (flowi_iif is LOOPBACK_IFINDEX); undefined: not known. */
  readonly inInterface: string | undefined;
  readonly outInterface: string | null;
  readonly mark: number;
  readonly tos: number;
  readonly uid: number | undefined;
  readonly protocol: string | undefined;
  /** undefined and null: not known. */
  readonly sourcePort: number | null | undefined;
  readonly destinationPort: number | null | undefined;
  /** The packet came by a device: IPv6 then prefers routes of that device among equals. */
  readonly received: boolean;
}

/**
 * The flow of a query; undefined when an address is none of the tables' family.
 * A received packet has uid 0: ip_route_input_slow (net/ipv4/route.c) takes that of no socket, ip6_route_input (net/ipv6/route.c)
 * leaves it zero.
 */
export function lookupFlow(tables: RoutingTables, query: RouteQuery): LookupFlow | undefined {
  const destination = parseAddress(query.destination);
  const source = query.source === null ? null : parseAddress(query.source);
  if (destination?.family !== tables.family || source === undefined) return undefined;
  if (source !== null && source.family !== tables.family) return undefined;
  const received = typeof query.inInterface === 'string';
  return {
    destination,
    source,
    inInterface: query.inInterface === null ? tables.loopback : query.inInterface,
    outInterface: query.outInterface ?? null,
    mark: query.mark,
    tos: query.tos ?? 0,
    uid: received ? 0 : query.uid,
    protocol: query.protocol,
    sourcePort: query.sourcePort,
    destinationPort: query.destinationPort,
    received,
  };
}
