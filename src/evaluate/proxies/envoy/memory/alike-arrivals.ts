/**
 * Connections that were sent to other addresses, and are handed over to the same listener all the same: for one that does not look at the
 * destination they get to the same filter chain. In: a connection, and what finds out where it gets to. Out: where it gets to, which may
 * be what was found out for one before. It must not take a listener for one of these that looks at the destination in any way.
 */
import { isIPv4 } from '../../../../model/address.ts';
import type { EnvoyConnection, EnvoyFacts } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { eitherSpelling, field, hasSome, isTrue, typeName } from '../proto-json.ts';
import { placeOf } from './alike.ts';
import { memoised } from '../memo.ts';
import type { Arrival } from './memory.ts';
import { inspectedAs } from '../listener/inspected-request.ts';
import { listenerTable } from '../listener/listener-table.ts';
import type { Listener } from '../listener/listener-table.ts';
import { handOverTarget, socketOwner } from '../listener/lookup.ts';

/** Listener filters that leave the destination alone, and the one that restores it. */
const HEEDLESS_FILTERS: ReadonlySet<string | undefined> = new Set(
  ['original_dst.v3.OriginalDst', 'tls_inspector.v3.TlsInspector', 'http_inspector.v3.HttpInspector'].map(
    (type) => `envoy.extensions.filters.listener.${type}`,
  ),
);

/** What may choose a filter chain by the destination; `source_type` compares it with the source. */
const BY_DESTINATION = eitherSpelling(['destination_port', 'prefix_ranges', 'source_type']);
const OTHER_CHOICES = eitherSpelling(['fcds_config', 'filter_chain_matcher']);

/** Whether no listener filter looks at the destination before it is restored. */
const filtersAreHeedless = memoised((listener: Cursor): boolean =>
  field(listener, 'listener_filters')
    .items()
    .every(
      (filter) =>
        HEEDLESS_FILTERS.has(typeName(field(filter, 'typed_config'))) && !field(filter, 'filter_disabled').exists,
    ),
);

/** Whether filter chains are chosen whatever the destination is. */
const chainsAreHeedless = memoised(
  (listener: Cursor): boolean =>
    !hasSome(listener, OTHER_CHOICES) &&
    !field(listener, 'filter_chains')
      .items()
      .some((chain) => hasSome(field(chain, 'filter_chain_match'), BY_DESTINATION)),
);

/** Where the connections before got to. */
export class AlikeArrivals {
  readonly #known = new Map<string, Arrival>();
  readonly #listeners: Listener[] = [];

  /**
   * Where a connection gets to that speaks HTTP without TLS.
   * @param arrive finds it out; of the arrival of an earlier one, what it had asked for is that one's
   */
  arrival(facts: EnvoyFacts, connection: EnvoyConnection, arrive: () => Arrival): Arrival {
    const listener = heedlessListener(facts, connection);
    if (listener === null) return arrive();
    const { localAddress, localPort, remoteAddress, remotePort, request } = connection;
    const key = `${placeOf(this.#listeners, listener)} ${localAddress} ${localPort} ${remoteAddress} ${remotePort} ${request.http && inspectedAs(request.http)}`;
    let arrival = this.#known.get(key);
    if (arrival === undefined) {
      const found = arrive();
      if (found.context === null || found.context.listener !== listener || !found.context.socket.restored) return found;
      arrival = { ...found, anyDestination: true };
      this.#known.set(key, arrival);
    }
    return arrival;
  }
}

/**
 * A connection like one that was redirected, but for the address of IPv4 that its client had asked for.
 * @param arrival where the other one got to
 * @returns undefined: it may get elsewhere
 */
export function toAlikeAddress(
  facts: EnvoyFacts,
  arrival: Arrival,
  other: EnvoyConnection,
  address: string,
): EnvoyConnection | undefined {
  if (facts.config === null || arrival.context === null || !arrival.anyDestination) return undefined;
  if (!isIPv4(other.originalAddress)) return undefined;
  // Nobody redirects what a listener's own socket takes (`findEntrance`).
  if (socketOwner(listenerTable(facts, facts.config), address, other.originalPort) !== undefined) return undefined;
  const connection = { ...other, originalAddress: address };
  return heedlessListener(facts, connection) === arrival.context.listener ? connection : undefined;
}

/** The listener to which a redirected connection is handed over, if neither it nor the one that hands it over looks at the destination. */
function heedlessListener(facts: EnvoyFacts, connection: EnvoyConnection): Listener | null {
  const { localAddress, localPort, originalAddress, originalPort, request, proxyHeader } = connection;
  const { http, tls, protocol } = request;
  if (facts.config === null || http === null || tls !== null || protocol !== 'tcp') return null;
  if (proxyHeader !== null || (originalAddress === localAddress && originalPort === localPort)) return null;
  const table = listenerTable(facts, facts.config);
  const owner = socketOwner(table, localAddress, localPort);
  if (owner === undefined || !isTrue(owner.config, 'use_original_dst')) return null;
  const target = handOverTarget(table, originalAddress, originalPort) ?? owner;
  const heedless = filtersAreHeedless(owner.config) && filtersAreHeedless(target.config);
  return heedless && chainsAreHeedless(target.config) ? target : null;
}
