import type { ProxyDump } from '../../model/proxy-dump.ts';
import { chainDestination, FILTERS, isTcpProxy } from './chain-destination.ts';
import { chainMatch } from './chain-match.ts';
import { field, isSet, list, number, text } from './message.ts';
import { runningResources } from './resources.ts';
import { compareBytes, sortedBy, type Table } from './table.ts';

export interface ListenerFilter {
  /** The primary or an additional address, in any case. */
  readonly address: string | null;
  readonly port: number | null;
  /** HTTP, TCP, HTTP+TCP or UNKNOWN, in any case. */
  readonly type: string | null;
}

/**
 * Active listeners that pass the filter, as the proxy lists them.
 * @throws QuestionError when the dump has none
 */
export function listListeners(dump: ProxyDump, filter: ListenerFilter): readonly unknown[] {
  const places = [
    ['dynamic_listeners', 'active_state', 'listener'],
    ['static_listeners', 'listener'],
  ] as const;
  const holding = filter.port === null ? null : String(filter.port);
  return runningResources(dump, 'ListenersConfigDump', places, holding).filter((listener) =>
    passesListener(listener, filter),
  );
}

/** Whether a listener passes. */
export function passesListener(listener: unknown, filter: ListenerFilter): boolean {
  const address = filter.address?.toLowerCase();
  if (address !== undefined && !addresses(listener).some((one) => one.toLowerCase() === address)) return false;
  if (filter.port !== null && port(listener) !== filter.port) return false;
  return filter.type === null || listenerType(listener) === filter.type.toUpperCase();
}

/**
 * One row for each filter chain, or, when not verbose, for each listener.
 * @param named with the listener's name in a column of its own, as `all` shows it
 */
export function listenerTable(listeners: readonly unknown[], verbose: boolean, named: boolean): Table {
  const sorted = sortedBy(listeners, (listener) => [
    port(listener),
    addresses(listener)[0] ?? '',
    listenerType(listener),
    text(listener, 'name'),
  ]);
  const rows = sorted.flatMap((listener) => {
    const name = named ? [`listener/${text(listener, 'name')}`] : [];
    const about = [...name, addresses(listener).join(','), String(port(listener))];
    if (!verbose) return [[...about, listenerType(listener)]];
    return filterChains(listener)
      .map((chain) => [...about, chainMatch(chain), chainDestination(chain)])
      .toSorted((a, b) => compareBytes(b.at(-1) ?? '', a.at(-1) ?? ''));
  });
  const columns = [...(named ? ['NAME'] : []), 'ADDRESSES', 'PORT', ...(verbose ? ['MATCH', 'DESTINATION'] : ['TYPE'])];
  return { columns, rows, padding: 1 };
}

/** The chains of a listener, the default one last. */
function filterChains(listener: unknown): readonly unknown[] {
  const fallback = field(listener, 'default_filter_chain');
  return [...list(listener, 'filter_chains'), ...(fallback === undefined ? [] : [fallback])];
}

/** The primary address (`''` for internal listeners), then the additional ones. */
function addresses(listener: unknown): readonly string[] {
  const more = list(listener, 'additional_addresses').map((one) => addressText(field(one, 'address')));
  return [addressText(field(listener, 'address')), ...more];
}

function addressText(address: unknown): string {
  if (isSet(address, 'socket_address')) return text(address, 'socket_address', 'address');
  return text(address, 'pipe', 'path');
}

function port(listener: unknown): number {
  return number(listener, 'address', 'socket_address', 'port_value');
}

function listenerType(listener: unknown): string {
  const filters = filterChains(listener).flatMap((chain) => list(chain, 'filters'));
  const http = filters.some((filter) => text(filter, 'name') === FILTERS.http);
  const tcp = filters.some((filter) => isTcpProxy(filter));
  if (http) return tcp ? 'HTTP+TCP' : 'HTTP';
  return tcp ? 'TCP' : 'UNKNOWN';
}
