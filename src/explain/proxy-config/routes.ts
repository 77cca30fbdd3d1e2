import type { ProxyDump } from '../../model/proxy-dump.ts';
import { field, list, isSet, text, texts, withField } from '../../model/protobuf-message.ts';
import { ownerText } from './owner.ts';
import { runningResources } from './resources.ts';
import { clusterNameTraits, isSelecting, selects, serviceNames, type Selection } from './selection.ts';
import { sortedBy, type SortKey, type Table } from './table.ts';

const DOMAINS_SHOWN = 2;

export interface RouteFilter {
  /** The very name of the route configuration. */
  readonly name: string | null;
  readonly selection: Selection;
}

/**
 * Route configurations that pass the filter, in the order of the dump.
 * @throws QuestionError when the dump has none
 */
export function* listRoutes(dump: ProxyDump, { name, selection }: RouteFilter): Generator {
  const places = [
    ['dynamic_route_configs', 'route_config'],
    ['static_route_configs', 'route_config'],
  ] as const;
  const wish = { holding: name === null ? null : JSON.stringify(name) };
  for (const config of runningResources(dump, 'RoutesConfigDump', places, wish)) {
    if (name === null || text(config, 'name') === name) yield* filteredRoutes(config, ['active'], selection);
  }
}

/** By number where the name is one, then by name. */
export function sortRoutes(routes: Iterable<unknown>): readonly unknown[] {
  return sortedBy([...routes], (route) => routeKey(text(route, 'name')));
}

function routeKey(name: string): SortKey {
  return [/^[+-]?\d+$/.test(name) ? Number(name) : Number.POSITIVE_INFINITY, name];
}

/** A route configuration with the routes that pass, as a list: empty when none does. */
export function filteredRoutes(config: unknown, states: readonly string[], selection: Selection): readonly unknown[] {
  if (!isSelecting(selection)) return [config];
  const hosts = list(config, 'virtual_hosts').flatMap((host) => {
    const named = texts(host, 'domains').flatMap((domain) => serviceNames(domain.replace(/:\d+$/, '')));
    const passing = list(host, 'routes').filter((route) =>
      selects(selection, (trait) => {
        if (trait === 'status') return states;
        const led = clustersOf(route).flatMap((cluster) => clusterNameTraits(cluster)(trait));
        return trait === 'service' ? [...led, ...named] : led;
      }),
    );
    return passing.length === 0 ? [] : [withField(host, 'routes', passing)];
  });
  return hosts.length === 0 ? [] : [withField(config, 'virtual_hosts', hosts)];
}

/** Names of the clusters that a route may forward to, mirrors aside. */
export function clustersOf(route: unknown): readonly string[] {
  const one = text(route, 'route', 'cluster');
  if (one !== '') return [one];
  return list(route, 'route', 'weighted_clusters', 'clusters').map((cluster) => text(cluster, 'name'));
}

/**
 * One row for each route, or, when not verbose, for each configuration, by the configurations' names.
 * @param named with the kind before the name, as `all` shows it
 */
export function routeTable(routes: Iterable<unknown>, verbose: boolean, named: boolean): Table {
  const groups: { readonly key: SortKey; readonly rows: readonly (readonly string[])[] }[] = [];
  for (const route of routes) {
    const shown = `${named ? 'route/' : ''}${text(route, 'name')}`;
    const hosts = list(route, 'virtual_hosts');
    const rows = verbose ? hosts.flatMap((host) => hostRows(shown, host)) : [[shown, String(hosts.length)]];
    groups.push({ key: routeKey(text(route, 'name')), rows });
  }
  const rows = sortedBy(groups, ({ key }) => key).flatMap((group) => group.rows);
  if (!verbose) return { columns: ['NAME', 'VIRTUAL HOSTS'], rows, padding: 5 };
  return { columns: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], rows, padding: 5 };
}

function hostRows(name: string, host: unknown): readonly (readonly string[])[] {
  const about = [name, text(host, 'name'), domainsText(texts(host, 'domains'))];
  const own = list(host, 'routes');
  if (own.length === 0) return [[...about, '/*', '404']];
  return own
    .filter((one) => text(one, 'route', 'cluster') !== 'PassthroughCluster')
    .map((one) => [...about, matchText(one), ownerText(one)]);
}

/** The path that a route matches: `/a*`, `PathPrefix:/a`, `/a` or `regex …`; empty for other kinds of match. */
export function matchText(route: unknown): string {
  const match = field(route, 'match');
  const prefix = text(match, 'prefix');
  if (prefix !== '' && isAlone(match)) return `${prefix}*`;
  const separated = text(match, 'path_separated_prefix');
  const regex = isSet(match, 'safe_regex') ? `regex ${text(match, 'safe_regex', 'regex')}` : '';
  const exact = text(match, 'path');
  // Nearly always there is one.
  if (separated === '' && exact === '' && regex === '') return prefix === '' ? '' : `${prefix}*`;
  const parts = [prefix && `${prefix}*`, separated && `PathPrefix:${separated}`, exact, regex];
  return parts.filter((part) => part !== '').join(' ');
}

function isAlone(match: unknown): boolean {
  return typeof match === 'object' && match !== null && Object.keys(match).length === 1;
}

/** Two of the domains without ports and without the longer forms of others, and how many more there are. */
function domainsText(domains: readonly string[]): string {
  const [only] = domains;
  if (domains.length < 2) return only ?? '';
  const names = withoutLongForms(domains.filter((domain) => !hasPort(domain)));
  const shown = names.slice(0, DOMAINS_SHOWN).join(', ');
  return names.length > DOMAINS_SHOWN ? `${shown} + ${names.length - DOMAINS_SHOWN} more...` : shown;
}

function hasPort(domain: string): boolean {
  if (!domain.includes(':')) return false;
  return !(domain.split(':').length > 3 && domain.endsWith(']'));
}

const LONG_FORMS = ['.svc.cluster.local', '.svc'];
const FEW = 16;

function withoutLongForms(domains: readonly string[]): readonly string[] {
  // To look through a few names costs less than a set of them, or than to cut off what makes one long.
  const set = domains.length > FEW ? new Set(domains) : null;
  return domains.filter((domain) => {
    for (const end of LONG_FORMS) {
      if (!domain.endsWith(end)) continue;
      const length = domain.length - end.length;
      if (set === null ? holdsBeginning(domains, domain, length) : set.has(domain.slice(0, length))) return false;
    }
    return true;
  });
}

/** Whether one of the names is the beginning of that length. */
function holdsBeginning(names: readonly string[], name: string, length: number): boolean {
  for (const other of names) if (other.length === length && name.startsWith(other)) return true;
  return false;
}
