import type { ProxyDump } from '../../model/proxy-dump.ts';
import { list, isSet, text, texts, withField } from './message.ts';
import { ownerText } from './owner.ts';
import { runningResources } from './resources.ts';
import { clusterNameTraits, isSelecting, selects, serviceNames, type Selection } from './selection.ts';
import { sortedBy, type Table } from './table.ts';

const DOMAINS_SHOWN = 2;

export interface RouteFilter {
  /** The very name of the route configuration. */
  readonly name: string | null;
  readonly selection: Selection;
}

/**
 * Route configurations, by number where the name is one, then by name; of one name when it is given.
 * @throws QuestionError when the dump has none
 */
export function listRoutes(dump: ProxyDump, { name, selection }: RouteFilter): readonly unknown[] {
  const places = [
    ['dynamic_route_configs', 'route_config'],
    ['static_route_configs', 'route_config'],
  ] as const;
  const holding = name === null ? null : JSON.stringify(name);
  const found = runningResources(dump, 'RoutesConfigDump', places, holding).flatMap((config) =>
    name === null || text(config, 'name') === name ? filteredRoutes(config, ['active'], selection) : [],
  );
  return sortedBy(found, (route) => [numericName(text(route, 'name')), text(route, 'name')]);
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

function numericName(name: string): number {
  return /^[+-]?\d+$/.test(name) ? Number(name) : Number.POSITIVE_INFINITY;
}

/** @param named with the kind before the name, as `all` shows it */
export function routeTable(routes: readonly unknown[], verbose: boolean, named: boolean): Table {
  const nameOf = (route: unknown): string => `${named ? 'route/' : ''}${text(route, 'name')}`;
  if (!verbose) {
    const rows = routes.map((route) => [nameOf(route), String(list(route, 'virtual_hosts').length)]);
    return { columns: ['NAME', 'VIRTUAL HOSTS'], rows, padding: 5 };
  }
  const rows = routes.flatMap((route) =>
    list(route, 'virtual_hosts').flatMap((host) => {
      const about = [nameOf(route), text(host, 'name'), domainsText(texts(host, 'domains'))];
      const own = list(host, 'routes');
      if (own.length === 0) return [[...about, '/*', '404']];
      return own
        .filter((one) => text(one, 'route', 'cluster') !== 'PassthroughCluster')
        .map((one) => [...about, matchText(one), ownerText(one)]);
    }),
  );
  return { columns: ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'], rows, padding: 5 };
}

/** The path that a route matches: `/a*`, `PathPrefix:/a`, `/a` or `regex …`; empty for other kinds of match. */
export function matchText(route: unknown): string {
  const prefix = text(route, 'match', 'prefix');
  const separated = text(route, 'match', 'path_separated_prefix');
  const exact = text(route, 'match', 'path');
  return [
    ...(prefix === '' ? [] : [`${prefix}*`]),
    ...(separated === '' ? [] : [`PathPrefix:${separated}`]),
    ...(exact === '' ? [] : [exact]),
    ...(isSet(route, 'match', 'safe_regex') ? [`regex ${text(route, 'match', 'safe_regex', 'regex')}`] : []),
  ].join(' ');
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
  const colons = domain.split(':').length - 1;
  return colons > 0 && !(colons > 2 && domain.endsWith(']'));
}

function withoutLongForms(domains: readonly string[]): readonly string[] {
  const all = new Set(domains);
  const isLongForm = (domain: string): boolean =>
    ['.svc.cluster.local', '.svc'].some((end) => domain.endsWith(end) && all.has(domain.slice(0, -end.length)));
  return domains.filter((domain) => !isLongForm(domain));
}
