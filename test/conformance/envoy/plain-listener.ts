import { accessLog } from './envoy-process.ts';
import type { Probe } from './probe.ts';

/** A request to the listener of {@link plainListener}. */
export function plainProbe(port: number, more: Partial<Probe> = {}): Probe {
  return {
    listener: 'l',
    from: '127.0.0.1',
    sourcePort: 0,
    to: '127.0.0.1',
    port,
    tls: null,
    method: 'GET',
    host: 'h',
    path: '/',
    headers: [],
    ...more,
  };
}

/** A listener `l` in plaintext whose every host has the same routes and filters. */
export function plainListener(
  folder: string,
  port: number,
  list: readonly object[],
  filters: readonly object[],
): object {
  const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes: list }] };
  return managedListener(folder, port, { route_config }, filters);
}

const TYPE = 'type.googleapis.com/envoy.extensions.filters';

/**
 * A listener `l` in plaintext.
 * @param manager fields of its connection manager
 * @param filters before the router
 * @param match of its filter chain; absent: it takes all connections
 * @param router fields of its router
 */
export function managedListener(
  folder: string,
  port: number,
  manager: object,
  filters: readonly object[] = [],
  match?: object,
  router: object = {},
): object {
  const connectionManager = {
    name: 'hcm',
    typed_config: {
      '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'h',
      access_log: accessLog(folder, 'hcm'),
      ...manager,
      http_filters: [
        ...filters,
        { name: 'router', typed_config: { '@type': `${TYPE}.http.router.v3.Router`, ...router } },
      ],
    },
  };
  return listenerOf(folder, port, [connectionManager], match);
}

/** A listener `l` that hands bytes to a cluster. @param filters before the TCP proxy */
export function tcpListener(
  folder: string,
  port: number,
  cluster: string,
  filters: readonly object[],
  listenerFilters: readonly object[] = [],
): object {
  const proxy = {
    name: 'tcp',
    typed_config: {
      '@type': `${TYPE}.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: 't',
      access_log: accessLog(folder, 'tcp'),
      cluster,
    },
  };
  return { ...listenerOf(folder, port, [...filters, proxy]), listener_filters: listenerFilters };
}

function listenerOf(folder: string, port: number, filters: readonly object[], filter_chain_match?: object): object {
  return {
    name: 'l',
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    access_log: accessLog(folder, 'listener'),
    filter_chains: [{ name: 'chain', filters, ...(filter_chain_match && { filter_chain_match }) }],
  };
}
