import { clusterNameCells } from '../clusters.ts';
import { SortKeys, type SortKey, type Table } from '../table.ts';
import { clusterKey } from '../cluster-name.ts';
import type { ClusterDetail } from './cluster-detail.ts';
import type { EndpointDetail } from './endpoint-detail.ts';
import type { ChainDetail, ListenerDetail } from './listener-detail.ts';
import type { RouteDetail } from './route-detail.ts';
import type { Rejection, ResourceState } from './stated-resources.ts';

const PADDING = 3;
const NONE = '-';

/** STATE, with the reason why the proxy refused an update. */
export function stateCell(state: ResourceState, rejection: Rejection | null): string {
  if (rejection === null) return state.toUpperCase();
  const refused = state === 'rejected' ? 'REJECTED' : `${state.toUpperCase()}, UPDATE REJECTED`;
  return `${refused}: ${rejection.reason}`;
}

function listCell(values: readonly string[]): string {
  return values.length === 0 ? NONE : values.join(',');
}

/** The rows of what is listed, which itself is not kept: there may be hundreds of thousands. */
function sortedRows<T>(
  values: Iterable<T>,
  keyOf: (value: T) => SortKey,
  rowsOf: (value: T) => readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const keys = new SortKeys();
  const rows: (readonly string[])[] = [];
  for (const value of values) {
    const key = keyOf(value);
    for (const row of rowsOf(value)) {
      keys.push(key);
      rows.push(row);
    }
  }
  return keys.sorted(rows);
}

/** One row for each filter chain; a listener without chains has one row. */
export function wideListenerTable(listeners: Iterable<ListenerDetail>): Table {
  const columns = [
    'ADDRESSES',
    'PORT',
    'MATCH',
    'DESTINATION',
    'NAME',
    'DIRECTION',
    'CHAIN',
    'TLS',
    'SOURCE MATCH',
    'LISTENER FILTERS',
    'FILTERS',
    'RBAC',
    'JWT ISSUERS',
    'ACCESS LOG',
    'STATE',
  ];
  const keyOf = (one: ListenerDetail): SortKey => [one.port, one.addresses[0] ?? '', one.type, one.name, one.state];
  const rows = sortedRows(listeners, keyOf, (listener) => {
    const chains = listener.chains.length === 0 ? [null] : listener.chains;
    return chains.map((chain) => [
      listCell(listener.addresses.filter((one) => one !== '')),
      String(listener.port),
      chain?.match ?? NONE,
      chain?.destination ?? NONE,
      listener.name,
      listener.direction,
      chain?.name ?? NONE,
      chain?.tls ?? NONE,
      listCell(chain?.sourceMatch ?? []),
      listCell(listener.listenerFilters),
      chain === null ? NONE : filtersCell(chain),
      listCell(chain?.rbac ?? []),
      listCell(chain?.jwt ?? []),
      listCell(chain?.accessLogs ?? []),
      stateCell(listener.state, listener.rejection),
    ]);
  });
  return { columns, rows, padding: PADDING };
}

/** `http_connection_manager[jwt_authn,rbac,router]` */
function filtersCell({ networkFilters, httpFilters }: ChainDetail): string {
  const http = httpFilters.length === 0 ? '' : `[${httpFilters.join(',')}]`;
  const names = networkFilters.map((name) => (name === 'http_connection_manager' ? `${name}${http}` : name));
  return listCell(names);
}

/** One row for each route. */
export function wideRouteTable(routes: Iterable<RouteDetail>): Table {
  const columns = [
    'NAME',
    'VHOST NAME',
    'DOMAINS',
    'ROUTE',
    'MATCH',
    'TARGET',
    'TIMEOUT',
    'RETRIES',
    'REWRITE',
    'FAULT',
    'MIRROR',
    'VIRTUAL SERVICE',
    'STATE',
  ];
  const keyOf = ({ routeConfig }: RouteDetail): SortKey => [numericName(routeConfig), routeConfig];
  const rows = sortedRows(routes, keyOf, (route) => [
    [
      route.routeConfig,
      route.virtualHost,
      listCell(route.domains),
      route.name ?? NONE,
      route.matches.length === 0 ? NONE : route.matches.join(' and '),
      targetText(route),
      route.timeout ?? NONE,
      route.retries ?? NONE,
      route.rewrite ?? NONE,
      route.fault ?? NONE,
      listCell(route.mirrors),
      route.virtualService ?? NONE,
      stateCell(route.state, route.rejection),
    ],
  ]);
  return { columns, rows, padding: PADDING };
}

function numericName(name: string): number {
  return /^\d+$/.test(name) ? Number(name) : Number.POSITIVE_INFINITY;
}

/** Where a route leads: clusters with their weights, or the answer that the proxy gives itself. */
export function targetText(route: Pick<RouteDetail, 'clusters' | 'redirect' | 'directResponse' | 'action'>): string {
  if (route.redirect !== null) return `redirect ${route.redirect}`;
  if (route.directResponse !== null) return `answer ${route.directResponse}`;
  const total = route.clusters.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  const clusters = route.clusters.map(({ name, weight }) =>
    weight === null || total === 0 ? name : `${name} ${shareText(weight, total)}`,
  );
  return clusters.length === 0 ? route.action : clusters.join(', ');
}

function shareText(weight: number, total: number): string {
  return `${Math.round((1000 * weight) / total) / 10}%`;
}

/** One row for each cluster. */
export function wideClusterTable(clusters: Iterable<ClusterDetail>): Table {
  const columns = [
    'SERVICE FQDN',
    'PORT',
    'SUBSET',
    'DIRECTION',
    'TYPE',
    'DESTINATION RULE',
    'ENDPOINTS',
    'TLS',
    'SAN',
    'LB',
    'CIRCUIT BREAKERS',
    'OUTLIER DETECTION',
    'CONNECT TIMEOUT',
    'STATE',
  ];
  const keyOf = ({ name, state }: ClusterDetail): SortKey => [...clusterKey(name), state];
  const rows = sortedRows(clusters, keyOf, (cluster) => [
    [
      ...clusterNameCells(cluster.name, cluster.name),
      cluster.type,
      cluster.destinationRule ?? NONE,
      cluster.endpoints === null ? NONE : `${cluster.endpoints.healthy}/${cluster.endpoints.total}`,
      cluster.tls.mode,
      listCell(cluster.tls.subjectAltNames),
      cluster.loadBalancing,
      settingsText(cluster.circuitBreakers),
      cluster.outlierDetection === null ? NONE : settingsText(cluster.outlierDetection),
      cluster.connectTimeout ?? NONE,
      stateCell(cluster.state, cluster.rejection),
    ],
  ]);
  return { columns, rows, padding: PADDING };
}

function settingsText(settings: Readonly<Record<string, string | number>>): string {
  return listCell(Object.entries(settings).map(([name, value]) => `${name}=${value}`));
}

/** One text for all endpoints of one source. */
function sourcesText({ sources }: EndpointDetail): string {
  const [only] = sources;
  return sources.length === 1 && only !== undefined ? only : sources.join('+');
}

/** One row for each host of each cluster. */
export function wideEndpointTable(endpoints: Iterable<EndpointDetail>): Table {
  const columns = [
    'ENDPOINT',
    'STATUS',
    'OUTLIER CHECK',
    'CLUSTER',
    'HEALTH FLAGS',
    'POD',
    'NODE',
    'ZONE',
    'SLICE',
    'WEIGHT',
    'PRIORITY',
    'LOCALITY',
    'ACTIVE',
    'SUCCESS',
    'SOURCE',
  ];
  const keyOf = ({ address, port, cluster }: EndpointDetail): SortKey => [address, port, cluster];
  const rows = sortedRows(endpoints, keyOf, (one) => [
    [
      one.endpoint,
      one.health,
      one.ejected === null ? NONE : one.ejected ? 'EJECTED' : 'OK',
      one.cluster,
      listCell(one.flags ?? []),
      one.pod ?? NONE,
      one.node ?? NONE,
      one.zone ?? NONE,
      one.sliceCondition ?? NONE,
      one.weight === null ? NONE : String(one.weight),
      String(one.priority),
      one.locality ?? NONE,
      one.activeRequests === null ? NONE : String(one.activeRequests),
      one.successRate === null ? NONE : `${one.successRate}%`,
      sourcesText(one),
    ],
  ]);
  // How busy an endpoint is at the moment tells no two replicas apart.
  const steady = (): string[] => rows.map((cells) => JSON.stringify(cells.toSpliced(columns.indexOf('ACTIVE'), 2)));
  return { columns, rows, padding: PADDING, identities: steady };
}
