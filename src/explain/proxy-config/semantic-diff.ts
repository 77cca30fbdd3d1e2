/**
 * Two configurations held against each other by what they mean: the order of things that have none, and the spelling of fields, never
 * count. In: two messages as plain JSON. Out: the places in which they differ. It knows nothing of where they come from.
 */
import { camelCase } from '../../model/protobuf-name.ts';

/** A place in which two values differ. */
export interface ValueChange {
  /** `filter_chains[name=x].filters[0].typed_config.stat_prefix` */
  readonly path: string;
  /** undefined: it is not there. */
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Repeated fields whose order means nothing to Envoy: chains are chosen by what they match, virtual hosts by domain, endpoints and
 * localities by weight, names of a match are alternatives, headers and parameters of one must all match, and policies are of any
 * permission and principal. Of routes and filters the first counts, so these are not here.
 */
const UNORDERED = new Set([
  'filter_chains',
  'virtual_hosts',
  'domains',
  'endpoints',
  'lb_endpoints',
  'server_names',
  'application_protocols',
  'prefix_ranges',
  'source_prefix_ranges',
  'direct_source_prefix_ranges',
  'source_ports',
  'additional_addresses',
  'match_subject_alt_names',
  'match_typed_subject_alt_names',
  'services',
  'thresholds',
  'trust_domains',
  'headers',
  'query_parameters',
  'request_headers_to_remove',
  'response_headers_to_remove',
  'retriable_status_codes',
  'custom_tags',
  'access_log',
  'permissions',
  'principals',
]);

/** The same of fields whose names others have, too, of which the order counts (the clusters of an aggregate, rules of JWT). */
const UNORDERED_IN = new Set([
  'weighted_clusters.clusters',
  'and_rules.rules',
  'or_rules.rules',
  'and_ids.ids',
  'or_ids.ids',
]);

function isUnordered(parent: string, field: string): boolean {
  return UNORDERED.has(field) || UNORDERED_IN.has(`${parent}.${field}`);
}

/** Differences of a value from another, in the order of their places. */
export function differences(before: unknown, after: unknown): ValueChange[] {
  return compare(canonical(before), canonical(after), '');
}

/** Values in an order that follows what they mean alone. */
export function sortedByMeaning(values: readonly unknown[]): readonly unknown[] {
  const keyed = values.map((value) => ({ value, key: meaningOf(value) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ value }) => value);
}

/** Whether two values mean the same. */
export function meansSame(before: unknown, after: unknown): boolean {
  return meaningOf(before) === meaningOf(after);
}

/** A text that two values share exactly when they mean the same. */
export function meaningOf(value: unknown): string {
  return JSON.stringify(canonical(value));
}

/**
 * A value in one form: fields in snake case and sorted, what has no order sorted. Keys of maps look like fields here; where two would
 * become one, all stay as they are. Nothing is left out: a field that is set to its default may mean another thing than one that is
 * not set (BoolValue).
 */
function canonical(value: unknown, field = '', parent = ''): unknown {
  if (Array.isArray(value)) {
    const elements = value.map((one) => canonical(one));
    return isUnordered(parent, field) ? sortedByText(elements) : elements;
  }
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  const clear = new Set(keys.map(snakeCase)).size === keys.length;
  const entries = Object.entries(value).map(([key, member]) => {
    const name = clear ? snakeCase(key) : key;
    return [name, canonical(member, name, field)] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const SNAKE = new Map<string, string>();

function snakeCase(key: string): string {
  const known = SNAKE.get(key);
  if (known !== undefined) return known;
  // Only what camelCase gives back was spelled by it: keys of maps stay as they are.
  const snake = key.replace(/[A-Z]|(?<=[a-z])\d/g, (letter) => `_${letter.toLowerCase()}`);
  const name = /^[a-z][A-Za-z0-9]*$/.test(key) && camelCase(snake) === key ? snake : key;
  // A digit may follow with an underscore or without (`consecutive_5xx`, `http2`): one form for both.
  const plain = name.replace(/_(?=\d)/g, '');
  SNAKE.set(key, plain);
  return plain;
}

function sortedByText(elements: readonly unknown[]): unknown[] {
  const keyed = elements.map((element) => ({ element, key: JSON.stringify(element) }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ element }) => element);
}

function compare(before: unknown, after: unknown, path: string): ValueChange[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, path);
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
    return names.flatMap((name) => compare(before[name], after[name], path === '' ? name : `${path}.${name}`));
  }
  return [{ path, before, after }];
}

/** Elements are paired by what identifies them, and where nothing does by their place. */
function compareLists(before: readonly unknown[], after: readonly unknown[], path: string): ValueChange[] {
  const [old, fresh] = [identified(before), identified(after)];
  if (old === undefined || fresh === undefined) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      compare(before[index], after[index], `${path}[${index}]`),
    );
  }
  const names = [...new Set([...old.keys(), ...fresh.keys()])];
  const changes = names.flatMap((name) => compare(old.get(name), fresh.get(name), `${path}[${name}]`));
  const kept = (list: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] =>
    [...list.keys()].filter((name) => other.has(name));
  const [order, now] = [kept(old, fresh), kept(fresh, old)];
  if (order.join('\n') === now.join('\n') || isUnorderedPath(path)) return changes;
  return [...changes, { path: `${path} (order)`, before: order, after: now }];
}

function isUnorderedPath(path: string): boolean {
  const [field = '', parent = ''] = path.split('.').toReversed();
  return isUnordered(parent, field);
}

/** Elements by their identity; undefined: some have none, or two have the same. */
function identified(elements: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const map = new Map<string, unknown>();
  for (const element of elements) {
    const name = identityOf(element);
    if (name === undefined || map.has(name)) return undefined;
    map.set(name, element);
  }
  return map;
}

function identityOf(element: unknown): string | undefined {
  if (typeof element === 'string') return element;
  if (!isObject(element)) return undefined;
  for (const member of ['name', 'cluster_name', 'prefix', 'exact', 'tag']) {
    const value = element[member];
    if (typeof value === 'string' && value !== '') return value;
  }
  const match = element['filter_chain_match'];
  if (match !== undefined) return `match ${JSON.stringify(match)}`;
  const endpoint = element['endpoint'];
  if (isObject(endpoint) && isObject(endpoint['address'])) return addressText(endpoint['address']);
  if (element['lb_endpoints'] !== undefined || element['locality'] !== undefined) {
    return `locality ${JSON.stringify(element['locality'] ?? {})} priority ${JSON.stringify(element['priority'] ?? 0)}`;
  }
  return undefined;
}

function addressText(address: Readonly<Record<string, unknown>>): string {
  const socket = address['socket_address'];
  if (!isObject(socket)) return JSON.stringify(address);
  return `${JSON.stringify(socket['address'])}:${JSON.stringify(socket['port_value'] ?? 0)}`.replaceAll('"', '');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
