/**
 * A proxy's configuration as causes look through it: connection managers, route tables, routes, clusters and who names them.
 *
 * In: what was read of the proxy. Out: lists, each made once. It must not judge anything.
 */
import { field, fields, typedMessage, typeName } from '../../evaluate/proxies/envoy/proto-json.ts';
import { discoveryType, readHostSet, type HostSet } from '../../evaluate/proxies/envoy/cluster/host-set.ts';
import { isUnknown } from '../../evaluate/proxies/envoy/truth.ts';
import type { Unknown } from '../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyFacts, EnvoyResource } from '../../model/envoy.ts';
import type { Cursor } from '../../model/json.ts';

const NETWORK = 'envoy.extensions.filters.network.';

/** A filter chain of a listener that runs. */
export interface ChainPlace {
  readonly listener: EnvoyResource;
  readonly chain: Cursor;
  readonly filters: readonly { readonly entry: Cursor; readonly type: string; readonly config: Cursor }[];
}

export interface RoutePlace {
  readonly table: string;
  readonly virtualHost: Cursor;
  readonly route: Cursor;
}

/** A place that names a cluster. */
export interface ClusterUse {
  readonly cluster: string;
  /** `route "x" of virtual host y` or `the TCP proxy of listener z` */
  readonly by: string;
  readonly cursor: Cursor;
}

/** A filter entry of HTTP, or an override of one. */
export interface HttpFilterPlace {
  readonly name: string;
  readonly type: string;
  readonly config: Cursor;
  /** `listener x`, `virtual host y` … */
  readonly where: string;
}

export class ProxyView {
  readonly facts: EnvoyFacts;
  readonly config: EnvoyConfigDump;
  #chains: readonly ChainPlace[] | null = null;
  #tables: readonly { readonly name: string; readonly config: Cursor }[] | null = null;
  #routes: readonly RoutePlace[] | null = null;
  #uses: readonly ClusterUse[] | null = null;
  #filters: readonly HttpFilterPlace[] | null = null;
  #clusters: readonly EnvoyResource[] | null = null;

  constructor(facts: EnvoyFacts, config: EnvoyConfigDump) {
    this.facts = facts;
    this.config = config;
  }

  get listeners(): readonly EnvoyResource[] {
    return this.config.listeners().filter(({ state }) => state === 'active');
  }

  get clusters(): readonly EnvoyResource[] {
    this.#clusters ??= this.config.clusters().filter(({ state }) => state === 'active');
    return this.#clusters;
  }

  get chains(): readonly ChainPlace[] {
    this.#chains ??= this.listeners.flatMap((listener) =>
      [...field(listener.config, 'filter_chains').items(), field(listener.config, 'default_filter_chain')]
        .filter((chain) => chain.exists)
        .map((chain) => ({ listener, chain, filters: field(chain, 'filters').items().map(readFilter) })),
    );
    return this.#chains;
  }

  /** HTTP connection managers with their listeners. */
  get managers(): readonly { readonly listener: EnvoyResource; readonly config: Cursor }[] {
    const type = `${NETWORK}http_connection_manager.v3.HttpConnectionManager`;
    return this.chains.flatMap(({ listener, filters }) =>
      filters.filter((filter) => filter.type === type).map(({ config }) => ({ listener, config })),
    );
  }

  /** Route tables: inline ones, and those that RDS delivered. */
  get tables(): readonly { readonly name: string; readonly config: Cursor }[] {
    this.#tables ??= [
      ...this.managers.map(({ config }) => field(config, 'route_config')).filter((config) => config.exists),
      ...this.config
        .routes()
        .flatMap(({ state, origin, config }) => (state === 'active' && origin === 'dynamic' ? [config] : [])),
    ].map((config) => ({ name: field(config, 'name').string() ?? '', config }));
    return this.#tables;
  }

  get routes(): readonly RoutePlace[] {
    this.#routes ??= this.tables.flatMap(({ name, config }) =>
      field(config, 'virtual_hosts')
        .items()
        .flatMap((virtualHost) =>
          field(virtualHost, 'routes')
            .items()
            .map((route) => ({ table: name, virtualHost, route })),
        ),
    );
    return this.#routes;
  }

  /** Every place that names a cluster for requests or connections. */
  get uses(): readonly ClusterUse[] {
    this.#uses ??= [...this.routes.flatMap(usesOfRoute), ...this.chains.flatMap(usesOfChain)];
    return this.#uses;
  }

  /** Clusters that requests or connections may go to, by name or as a part of an aggregate one. */
  get usedClusters(): readonly EnvoyResource[] {
    if (this.blindSpot !== null) return this.clusters;
    const used = new Set(this.uses.map(({ cluster }) => cluster));
    for (const { name, config } of this.clusters) {
      const parts = fields(config, 'cluster_type', 'typed_config', 'clusters').strings();
      if (used.has(name)) for (const part of parts) used.add(part);
    }
    return this.clusters.filter(({ name }) => used.has(name));
  }

  /** Where the configuration decides by means that are not looked into here; null: nowhere. */
  get blindSpot(): string | null {
    if (this.managers.some(({ config }) => field(config, 'scoped_routes').exists)) return 'there are scoped routes';
    const hosts = this.tables.flatMap(({ config }) => field(config, 'virtual_hosts').items());
    if (hosts.some((host) => field(host, 'matcher').exists)) return 'routes stand in a matcher tree';
    if (this.tables.some(({ config }) => field(config, 'vhds').exists)) return 'virtual hosts come on demand (VHDS)';
    const plugin = ['cluster_specifier_plugin', 'inline_cluster_specifier_plugin'];
    const action = this.routes.find(({ route }) => plugin.some((name) => fields(route, 'route', name).exists));
    if (action !== undefined) return 'a cluster specifier plugin chooses clusters';
    const bySni = this.chains.some(({ filters }) => filters.some(({ type }) => type.endsWith('.SniCluster')));
    const byHeader = this.routes.some(({ route }) => fields(route, 'route', 'cluster_header').exists);
    return bySni || byHeader ? 'what the client sends names the cluster' : null;
  }

  /** HTTP filters of the listeners, and what routes override. */
  get httpFilters(): readonly HttpFilterPlace[] {
    this.#filters ??= [
      ...this.managers.flatMap(({ listener, config }) =>
        field(config, 'http_filters')
          .items()
          .map((entry) =>
            filterPlace(field(entry, 'name').string() ?? '', this.#filterConfig(entry), `listener ${listener.name}`),
          ),
      ),
      ...this.tables.flatMap(({ name, config }) => overridesOf(config, `route configuration ${name}`)),
      ...this.routes.flatMap((place) => overridesOf(place.route, routeText(place))),
      ...[...new Map(this.routes.map(({ virtualHost }) => [virtualHost.value, virtualHost])).values()].flatMap((host) =>
        overridesOf(host, `virtual host ${field(host, 'name').string() ?? ''}`),
      ),
    ];
    return this.#filters;
  }

  /** Whether the hosts of some cluster are not known. */
  get hostsUnread(): boolean {
    return this.clusters.some((cluster) => NAMED.has(clusterType(cluster)) && isUnknown(this.hosts(cluster)));
  }

  hosts(cluster: EnvoyResource): HostSet | Unknown {
    return readHostSet(this.facts, this.config, cluster);
  }

  /** Statistics of the hosts of a cluster (/clusters?format=json), by host. */
  hostStatistics(cluster: string): readonly { readonly host: Cursor; readonly counts: ReadonlyMap<string, number> }[] {
    const status = this.facts.clusters?.cluster(cluster);
    const hosts = status === undefined ? [] : field(status, 'host_statuses').items();
    return hosts.map((host) => ({
      host,
      counts: new Map(
        field(host, 'stats')
          .items()
          .map((stat) => [field(stat, 'name').string() ?? '', field(stat, 'value').number() ?? 0]),
      ),
    }));
  }

  #filterConfig(entry: Cursor): Cursor {
    const own = field(entry, 'typed_config');
    const discovered = own.exists ? undefined : this.config.extension(field(entry, 'name').string() ?? '');
    return discovered?.state === 'active' ? field(discovered.config, 'typed_config') : own;
  }
}

/** Kinds of clusters whose hosts are listed. */
const NAMED: ReadonlySet<string> = new Set(['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS']);

/** `EDS`, `STATIC` …, or the name of an extension. */
export function clusterType({ config }: EnvoyResource): string {
  return discoveryType(config);
}

function readFilter(entry: Cursor): ChainPlace['filters'][number] {
  const any = field(entry, 'typed_config');
  return { entry, type: typeName(any) ?? '', config: typedMessage(any) };
}

function filterPlace(name: string, any: Cursor, where: string): HttpFilterPlace {
  return { name, type: typeName(any) ?? '', config: typedMessage(any), where };
}

function overridesOf(level: Cursor, where: string): readonly HttpFilterPlace[] {
  return field(level, 'typed_per_filter_config')
    .entries()
    .map(([name, any]) => filterPlace(name, any, where));
}

/** Which route it is, for a sentence. */
export function routeText({ route, virtualHost }: RoutePlace): string {
  const name = field(route, 'name').string() ?? '';
  return `${name === '' ? 'a route' : `route "${name}"`} of virtual host ${field(virtualHost, 'name').string() ?? ''}`;
}

function usesOfRoute(place: RoutePlace): ClusterUse[] {
  const action = field(place.route, 'route');
  const cluster = field(action, 'cluster');
  const named = [
    cluster,
    ...fields(action, 'weighted_clusters', 'clusters')
      .items()
      .map((entry) => field(entry, 'name')),
  ];
  return named.flatMap((cursor) => use(cursor, routeText(place)));
}

function usesOfChain({ listener, filters }: ChainPlace): ClusterUse[] {
  const by = `the TCP proxy of listener ${listener.name}`;
  return filters
    .filter(({ type }) => type === `${NETWORK}tcp_proxy.v3.TcpProxy`)
    .flatMap(({ config }) => [
      ...use(field(config, 'cluster'), by),
      ...fields(config, 'weighted_clusters', 'clusters')
        .items()
        .flatMap((entry) => use(field(entry, 'name'), by)),
    ]);
}

function use(cursor: Cursor, by: string): ClusterUse[] {
  const cluster = cursor.string();
  return cluster === undefined ? [] : [{ cluster, by, cursor }];
}
