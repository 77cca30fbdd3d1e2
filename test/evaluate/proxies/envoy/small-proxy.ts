import type { EnvoyFacts } from '../../../../src/model/envoy.ts';
import type { DumpReading } from '../../../../src/parse/envoy/config-dump.ts';
import { proxyOf } from './snapshot.ts';

const TYPE = 'type.googleapis.com/envoy.';
const FILTER = `${TYPE}extensions.filters`;

/** Parts of a small proxy, for tests that need a configuration of their own. */
export interface SmallProxy {
  readonly listeners?: readonly object[];
  readonly clusters?: readonly object[];
  /** Route configurations that RDS delivered. */
  readonly routes?: readonly object[];
  readonly endpoints?: readonly object[];
  /** Filter configurations that ECDS delivered. */
  readonly extensions?: readonly object[];
  readonly bootstrap?: object;
  /** Names of secrets that SDS has delivered, and of those that are waited for. */
  readonly secrets?: { readonly active: readonly string[]; readonly warming: readonly string[] };
  /** /clusters, when it was captured. */
  readonly statuses?: readonly object[];
}

/** A proxy that runs these resources, as its config_dump shows them. */
export function smallProxy(parts: SmallProxy, reading?: DumpReading): EnvoyFacts {
  const section = (name: string, more: object): object => ({ '@type': `${TYPE}admin.v3.${name}ConfigDump`, ...more });
  const configs = [
    section('Bootstrap', { bootstrap: parts.bootstrap ?? { node: { id: 'test' } } }),
    section('Clusters', { dynamic_active_clusters: (parts.clusters ?? []).map((one) => ({ cluster: one })) }),
    section('Listeners', { static_listeners: (parts.listeners ?? []).map((one) => ({ listener: one })) }),
    section('Routes', { dynamic_route_configs: (parts.routes ?? []).map((route) => ({ route_config: route })) }),
    section('Ecds', { ecds_filters: (parts.extensions ?? []).map((extension) => ({ ecds_filter: extension })) }),
    ...(parts.endpoints === undefined
      ? []
      : [
          section('Endpoints', {
            dynamic_endpoint_configs: parts.endpoints.map((endpoint) => ({ endpoint_config: endpoint })),
          }),
        ]),
    ...(parts.secrets === undefined
      ? []
      : [
          section('Secrets', {
            dynamic_active_secrets: parts.secrets.active.map((name) => ({ name, secret: { name } })),
            dynamic_warming_secrets: parts.secrets.warming.map((name) => ({ name, secret: { name } })),
          }),
        ]),
  ];
  return proxyOf(configs, parts.statuses ?? null, reading);
}

export function listener(address: string, port: number, more: object = {}): object {
  return {
    name: `${address}_${port}`,
    address: { socket_address: { address, port_value: port } },
    filter_chains: [chain([tcpProxy('c')])],
    ...more,
  };
}

export function chain(filters: readonly object[], more: object = {}): object {
  return { filters, ...more };
}

export function tcpProxy(target: string, more: object = {}): object {
  return {
    name: 'tcp',
    typed_config: { '@type': `${FILTER}.network.tcp_proxy.v3.TcpProxy`, stat_prefix: 't', cluster: target, ...more },
  };
}

export function networkFilter(type: string, more: object = {}): object {
  return { name: type, typed_config: { '@type': `${FILTER}.network.${type}`, ...more } };
}

export function listenerFilter(type: string, more: object = {}): object {
  return { name: type, typed_config: { '@type': `${FILTER}.listener.${type}` }, ...more };
}

/** An HTTP connection manager; its only virtual host takes every host, unless `more` brings a route configuration. */
export function httpManager(routes: readonly object[], more: object = {}, filters: readonly object[] = []): object {
  return {
    name: 'hcm',
    typed_config: {
      '@type': `${FILTER}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: 'h',
      route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] },
      http_filters: [...filters, httpFilter('router.v3.Router')],
      ...more,
    },
  };
}

export function httpFilter(type: string, more: object = {}, entry: object = {}): object {
  return { name: type.split('.')[0], typed_config: { '@type': `${FILTER}.http.${type}`, ...more }, ...entry };
}

/** A listener on port 80 of every address with one HTTP connection manager. */
export function httpListener(...parameters: Parameters<typeof httpManager>): object {
  return listener('0.0.0.0', 80, { filter_chains: [chain([httpManager(...parameters)])] });
}

/** A static cluster whose hosts are 10.0.0.1 and on, port 80. */
export function cluster(name: string, hosts = 1, more: object = {}): object {
  const list = Array.from({ length: hosts }, (_, index) => host(`10.0.0.${index + 1}`));
  return {
    name,
    type: 'STATIC',
    load_assignment: { cluster_name: name, endpoints: list.length === 0 ? [] : [{ lb_endpoints: list }] },
    ...more,
  };
}

export function host(address: string, more: object = {}): object {
  return { endpoint: { address: { socket_address: { address, port_value: 80 } } }, ...more };
}
