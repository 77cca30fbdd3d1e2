import { field, isSet, list, text, texts } from '../../model/protobuf-message.ts';
import { matchText } from './routes.ts';

/** Names that istiod gives the filters that end a chain. */
export const FILTERS = {
  http: 'envoy.filters.network.http_connection_manager',
  tcp: 'envoy.filters.network.tcp_proxy',
} as const;
const BLACK_HOLE = 'BlackHoleCluster';

/** Whether the filter is a TCP proxy that leads somewhere. */
export function isTcpProxy(filter: unknown): boolean {
  if (text(filter, 'name') !== FILTERS.tcp) return false;
  return !JSON.stringify(field(filter, 'typed_config') ?? null).includes(BLACK_HOLE);
}

/** Where a filter chain leads, by its first HTTP connection manager or TCP proxy. */
export function chainDestination(chain: unknown): string {
  for (const filter of list(chain, 'filters')) {
    if (text(filter, 'name') === FILTERS.http) return httpDestination(field(filter, 'typed_config'));
    if (isTcpProxy(filter)) return tcpDestination(field(filter, 'typed_config'));
  }
  return 'Non-HTTP/Non-TCP';
}

function httpDestination(manager: unknown): string {
  const inline = field(manager, 'route_config');
  if (inline !== undefined) return catchAllCluster(inline) ?? inlineRoutes(inline);
  const name = text(manager, 'rds', 'route_config_name');
  return name === '' ? 'HTTP' : `Route: ${name}`;
}

function tcpDestination(proxy: unknown): string {
  const weighted = list(proxy, 'weighted_clusters', 'clusters').map((cluster) => text(cluster, 'name'));
  return weighted.length > 0 ? `Cluster: ${weighted.join(', ')}` : clusterText(text(proxy, 'cluster'));
}

/** Names of clusters that are none of a Service say so themselves: `PassthroughCluster`. */
function clusterText(cluster: string): string {
  return cluster.includes('Cluster') ? cluster : `Cluster: ${cluster}`;
}

/** The cluster to which a route configuration sends everything; undefined when it decides anything. */
function catchAllCluster(config: unknown): string | undefined {
  const [host, ...otherHosts] = list(config, 'virtual_hosts');
  const [route, ...otherRoutes] = list(host, 'routes');
  const domains = texts(host, 'domains');
  if (otherHosts.length > 0 || otherRoutes.length > 0 || domains.length !== 1 || domains[0] !== '*') return undefined;
  if (text(route, 'match', 'prefix') !== '/' || !isSet(route, 'route', 'cluster')) return undefined;
  return clusterText(text(route, 'route', 'cluster'));
}

function inlineRoutes(config: unknown): string {
  const hosts = list(config, 'virtual_hosts').map((host) => {
    const domains = texts(host, 'domains');
    const everything = domains.length === 1 && domains[0] === '*';
    const routes = list(host, 'routes').map(matchText).join(', ');
    return everything || domains.join('/') === '' ? routes : `${domains.join('/')} ${routes}`;
  });
  return `Inline Route: ${hosts.join('; ')}`;
}
