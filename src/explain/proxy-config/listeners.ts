import type { ProxyDump } from '../../model/proxy-dump.ts';
import { chainDestination, FILTERS, isTcpProxy } from './chain-destination.ts';
import { chainMatch } from './chain-match.ts';
import { enumName, field, isSet, list, number, text } from '../../model/protobuf-message.ts';
import { runningResources, type Detail } from './resources.ts';
import { selects, type Selection, type Traits } from './selection.ts';
import { compareBytes, sortedBy, type SortKey, type Table } from './table.ts';

export interface ListenerFilter {
  /** HTTP, TCP, HTTP+TCP or UNKNOWN, in any case. */
  readonly type: string | null;
  readonly selection: Selection;
}

/** Traits of what the listener leads to: Services, subsets. */
export type DestinationTraits = (listener: unknown) => Traits;

/** What neither cells nor filters look at. */
const UNSHOWN = ['http_filters": [', 'transport_socket": {'];

/**
 * Active listeners that pass the filter, as the proxy lists them.
 * @throws QuestionError when the dump has none
 */
export function* listListeners(
  dump: ProxyDump,
  filter: ListenerFilter,
  destinations: DestinationTraits,
  detail: Detail,
): Generator {
  const places = [
    ['dynamic_listeners', 'active_state', 'listener'],
    ['static_listeners', 'listener'],
  ] as const;
  const wish = { holding: filter.selection.port?.exact ?? null, without: detail === 'cells' ? UNSHOWN : [] };
  for (const listener of runningResources(dump, 'ListenersConfigDump', places, wish)) {
    if (passesListener(listener, ['active'], filter, destinations)) yield listener;
  }
}

/** Whether a listener passes. */
export function passesListener(
  listener: unknown,
  states: readonly string[],
  { type, selection }: ListenerFilter,
  destinations: DestinationTraits,
): boolean {
  if (type !== null && listenerType(listener) !== type.toUpperCase()) return false;
  return selects(selection, (trait) => {
    if (trait === 'address') return addresses(listener);
    if (trait === 'port') return [String(port(listener))];
    if (trait === 'status') return states;
    return trait === 'direction' ? [directionOf(listener)] : destinations(listener)(trait);
  });
}

/** `inbound`, `outbound` or `unspecified`. */
export function directionOf(listener: unknown): string {
  return enumName(listener, 'traffic_direction', ['UNSPECIFIED', 'INBOUND', 'OUTBOUND']).toLowerCase();
}

/**
 * One row for each filter chain, or, when not verbose, for each listener.
 * @param named with the listener's name in a column of its own, as `all` shows it
 */
export function listenerTable(listeners: Iterable<unknown>, verbose: boolean, named: boolean): Table {
  const groups: { readonly key: SortKey; readonly rows: readonly (readonly string[])[] }[] = [];
  for (const listener of listeners) {
    const [name, type] = [text(listener, 'name'), listenerType(listener)];
    const about = [...(named ? [`listener/${name}`] : []), addresses(listener).join(','), String(port(listener))];
    const rows = verbose
      ? filterChains(listener)
          .map((chain) => [...about, chainMatch(chain), chainDestination(chain)])
          .toSorted((a, b) => compareBytes(b.at(-1) ?? '', a.at(-1) ?? ''))
      : [[...about, type]];
    groups.push({ key: [port(listener), addresses(listener)[0] ?? '', type, name], rows });
  }
  const rows = sortedBy(groups, ({ key }) => key).flatMap((group) => group.rows);
  const columns = [...(named ? ['NAME'] : []), 'ADDRESSES', 'PORT', ...(verbose ? ['MATCH', 'DESTINATION'] : ['TYPE'])];
  return { columns, rows, padding: 1 };
}

/** The chains of a listener, the default one last. */
export function filterChains(listener: unknown): readonly unknown[] {
  const fallback = field(listener, 'default_filter_chain');
  return [...list(listener, 'filter_chains'), ...(fallback === undefined ? [] : [fallback])];
}

/** The primary address (`''` for internal listeners), then the additional ones. */
export function addresses(listener: unknown): readonly string[] {
  const more = list(listener, 'additional_addresses').map((one) => addressText(field(one, 'address')));
  return [addressText(field(listener, 'address')), ...more];
}

function addressText(address: unknown): string {
  if (isSet(address, 'socket_address')) return text(address, 'socket_address', 'address');
  return text(address, 'pipe', 'path');
}

/** The port of the primary address; 0: it has none. */
export function port(listener: unknown): number {
  return number(listener, 'address', 'socket_address', 'port_value');
}

/** HTTP, TCP, HTTP+TCP or UNKNOWN, by the filters of all chains. */
export function listenerType(listener: unknown): string {
  const filters = filterChains(listener).flatMap((chain) => list(chain, 'filters'));
  const http = filters.some((filter) => text(filter, 'name') === FILTERS.http);
  const tcp = filters.some((filter) => isTcpProxy(filter));
  if (http) return tcp ? 'HTTP+TCP' : 'HTTP';
  return tcp ? 'TCP' : 'UNKNOWN';
}
