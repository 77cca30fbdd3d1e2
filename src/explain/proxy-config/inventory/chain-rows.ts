import { findVirtualHost } from '../../../evaluate/proxies/envoy/http/virtual-host.ts';
import { matchesPath } from '../../../evaluate/proxies/envoy/http/match-parts.ts';
import { Cursor } from '../../../model/json.ts';
import type { ProxyDump } from '../../../model/proxy-dump.ts';
import { chainMatch } from '../chain-match.ts';
import { addresses, directionOf, filterChains, port } from '../listeners.ts';
import { field, list, number, text, withField } from '../../../model/protobuf-message.ts';
import { ownerText } from '../owner.ts';
import type { Pattern } from '../pattern.ts';
import { selects, clusterNameTraits, type Selection } from '../selection.ts';
import { sortedBy } from '../table.ts';
import { servicesOf } from './cluster-detail.ts';
import { routesOf, type RouteDetail } from './route-detail.ts';
import { statedResources, type Rejection, type ResourceState } from './stated-resources.ts';
import { targetText } from './wide-tables.ts';

/** What is asked of the ways through a proxy. */
export interface ChainFilter {
  /** Name of the listener. */
  readonly listener: Pattern | null;
  readonly cluster: Pattern | null;
  /** Authority of a request: only the virtual host that takes it, of each route configuration. */
  readonly host: string | null;
  /** Path of a request: only routes that may take it. */
  readonly path: string | null;
  /** `port` and `address` are the listener's; the others are those of the cluster. */
  readonly selection: Selection;
}

/** One way through a proxy: what stands at each step; null: this way has none. */
export interface ChainRow {
  readonly listener: string;
  /** Of the listener, as the next. */
  readonly state: ResourceState;
  readonly rejection: Rejection | null;
  readonly address: string;
  readonly port: number;
  readonly direction: string;
  readonly filterChain: string | null;
  /** What the filter chain asks of a connection, as istioctl prints it. */
  readonly chainMatch: string;
  readonly routeConfig: string | null;
  readonly virtualHost: string | null;
  readonly domains: readonly string[];
  readonly route: string | null;
  readonly matches: readonly string[];
  /** What happens where no cluster follows: a redirect, an answer, or that something is missing. */
  readonly ends: string | null;
  readonly cluster: string | null;
  /** Of the requests that take the route; null: it is the only one. */
  readonly weight: number | null;
  /** Whether the proxy has the cluster that is named. */
  readonly clusterKnown: boolean | null;
  readonly services: readonly string[];
  readonly subset: string | null;
  readonly virtualService: string | null;
  readonly destinationRule: string | null;
  readonly endpoints: { readonly healthy: number; readonly total: number } | null;
  /** Addresses of the endpoints with their ports, sorted. */
  readonly addresses: readonly string[];
}

/** What is known of clusters and their endpoints. */
export interface ChainLookups {
  count(cluster: string): ChainRow['endpoints'];
  addresses(cluster: string): readonly string[];
}

type Before = Pick<
  ChainRow,
  'listener' | 'state' | 'rejection' | 'address' | 'port' | 'direction' | 'filterChain' | 'chainMatch'
>;

/** Every way through the proxy that passes, by listener and then in the proxy's order. */
export function chainRows(dump: ProxyDump, filter: ChainFilter, lookups: ChainLookups): ChainRow[] {
  const tail = new Tail(dump, filter, lookups);
  const listeners = [...statedResources(dump, 'listener')].filter(({ resource }) => {
    if (filter.listener !== null && !filter.listener.matches(text(resource, 'name'))) return false;
    const { address, port: asked, direction } = filter.selection;
    return selects({ address, port: asked, direction }, (trait) => {
      if (trait === 'address') return addresses(resource);
      if (trait === 'port') return [String(port(resource)), ...chainPorts(resource)];
      return [directionOf(resource)];
    });
  });
  const sorted = sortedBy(listeners, ({ resource }) => [
    port(resource),
    addresses(resource)[0] ?? '',
    text(resource, 'name'),
  ]);
  return sorted.flatMap(({ resource, state, rejection }) =>
    filterChains(resource).flatMap((chain) => {
      const before: Before = {
        listener: text(resource, 'name'),
        state,
        rejection,
        address: addresses(resource)[0] ?? '',
        port: port(resource),
        direction: directionOf(resource),
        filterChain: text(chain, 'name') || null,
        chainMatch: chainMatch(chain),
      };
      return tail.afterChain(before, chain);
    }),
  );
}

/** Ports that filter chains ask for: an inbound listener takes them all at one port of its own. */
function chainPorts(listener: unknown): string[] {
  return filterChains(listener).flatMap((chain) => {
    const asked = number(chain, 'filter_chain_match', 'destination_port');
    return asked === 0 ? [] : [String(asked)];
  });
}

const NOTHING = {
  routeConfig: null,
  virtualHost: null,
  domains: [],
  route: null,
  matches: [],
  ends: null,
  cluster: null,
  weight: null,
  clusterKnown: null,
  services: [],
  subset: null,
  virtualService: null,
  destinationRule: null,
  endpoints: null,
  addresses: [],
};

/** The part of the ways behind a filter chain. */
class Tail {
  readonly #filter: ChainFilter;
  readonly #lookups: ChainLookups;
  readonly #clusters: ReadonlyMap<string, unknown>;
  readonly #routes: ReadonlyMap<string, readonly unknown[]>;
  readonly #dump: ProxyDump;
  /** What a route configuration gives is the same behind every listener. */
  readonly #details = new Map<unknown, readonly RouteDetail[]>();

  constructor(dump: ProxyDump, filter: ChainFilter, lookups: ChainLookups) {
    this.#dump = dump;
    this.#filter = filter;
    this.#lookups = lookups;
    const named = (kind: 'cluster' | 'route') =>
      [...statedResources(dump, kind)].flatMap(({ resource, state }) =>
        state === 'active' ? [[text(resource, 'name'), resource] as const] : [],
      );
    this.#clusters = new Map(named('cluster'));
    this.#routes = new Map(named('route').map(([name, resource]) => [name, [resource]]));
  }

  afterChain(before: Before, chain: unknown): ChainRow[] {
    for (const filter of list(chain, 'filters')) {
      const config = field(filter, 'typed_config');
      const type = text(config, '@type');
      if (type.endsWith('.HttpConnectionManager')) return this.#http(before, config);
      if (type.endsWith('.TcpProxy')) return this.#tcp(before, config);
    }
    const names = list(chain, 'filters').map((filter) => text(filter, 'name'));
    const ends = names.length === 0 ? 'closed: no filter' : `filter ${names.at(-1) ?? ''}`;
    return this.#unlessAsked([{ ...before, ...NOTHING, ends }]);
  }

  #tcp(before: Before, config: unknown): ChainRow[] {
    // A question about a host or path is one about HTTP.
    if (this.#filter.host !== null || this.#filter.path !== null) return [];
    const weighted = list(config, 'weighted_clusters', 'clusters');
    const targets =
      weighted.length > 0
        ? weighted.map((one) => ({ name: text(one, 'name'), weight: number(one, 'weight') }))
        : [{ name: text(config, 'cluster'), weight: null }];
    return this.#toClusters({ ...before, ...NOTHING }, targets);
  }

  #http(before: Before, manager: unknown): ChainRow[] {
    const inline = field(manager, 'route_config');
    const name = text(manager, 'rds', 'route_config_name');
    const config = inline ?? this.#routes.get(name)?.[0];
    if (config === undefined) {
      const missing = name === '' ? 'scoped routes' : `404: RDS has not delivered ${name}`;
      return this.#unlessAsked([{ ...before, ...NOTHING, routeConfig: name || null, ends: missing }]);
    }
    let details = this.#details.get(config);
    if (details === undefined) {
      details = this.#passing(config);
      this.#details.set(config, details);
    }
    return details.flatMap((route) => {
      const row: ChainRow = {
        ...before,
        ...NOTHING,
        routeConfig: route.routeConfig,
        virtualHost: route.virtualHost,
        domains: route.domains,
        route: route.name,
        matches: route.matches,
        virtualService: route.virtualService,
      };
      if (route.clusters.length === 0) return this.#unlessAsked([{ ...row, ends: targetText(route) }]);
      return this.#toClusters(row, route.clusters);
    });
  }

  /** The routes of a configuration that the host and path may take. */
  #passing(config: unknown): readonly RouteDetail[] {
    const { host, path } = this.#filter;
    const found = host === null ? undefined : findVirtualHost(new Cursor(this.#dump.artefact, '', config), host);
    if (host !== null && found === undefined) return [];
    const hosts = list(config, 'virtual_hosts').flatMap((one) => {
      if (found !== undefined && one !== found.virtualHost.value) return [];
      const routes = list(one, 'routes').filter(
        (route) => path === null || matchesPath(new Cursor('', '', field(route, 'match')), path) !== false,
      );
      return path !== null && routes.length === 0 ? [] : [withField(one, 'routes', routes)];
    });
    return [...routesOf({ name: text(config, 'name'), virtual_hosts: hosts }, 'active', null)];
  }

  /** Where no cluster follows, nothing can be said of one that is asked for. */
  #unlessAsked(rows: ChainRow[]): ChainRow[] {
    const { cluster, selection } = this.#filter;
    return cluster === null && selection.service === undefined && selection.subset === undefined ? rows : [];
  }

  #toClusters(row: ChainRow, targets: RouteDetail['clusters']): ChainRow[] {
    const total = targets.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
    const { cluster: wanted, selection } = this.#filter;
    return targets.flatMap(({ name, weight }) => {
      if (wanted !== null && !wanted.matches(name)) return [];
      const traits = clusterNameTraits(name);
      if (!selects({ service: selection.service, subset: selection.subset }, traits)) return [];
      const cluster = this.#clusters.get(name);
      const known = cluster !== undefined;
      return [
        {
          ...row,
          cluster: name,
          weight: weight === null || total === 0 ? null : weight / total,
          clusterKnown: this.#dump.section('ClustersConfigDump') === undefined ? null : known,
          services: servicesOf(cluster),
          subset: traits('subset')[0] || null,
          destinationRule: ownerText(cluster) || null,
          endpoints: known ? this.#lookups.count(name) : null,
          addresses: known ? this.#lookups.addresses(name) : [],
        },
      ];
    });
  }
}
