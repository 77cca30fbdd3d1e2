// Writes a sidecar's config_dump as istiod would program it for many Services, and requests to them.

const TYPE = 'type.googleapis.com/envoy.';
const PORTS = [80, 8080, 9080];
/** The listener of a port serves all Services that have it. */
const port = (/** @type {number} */ index) => PORTS[index % PORTS.length] ?? 80;
/** Five Services of eight have two ports. */
const portsOf = (/** @type {number} */ index) => (index % 8 < 5 ? [port(index), port(index + 1)] : [port(index)]);
/** Every sixth Service has subsets. */
const subsetsOf = (/** @type {number} */ index) => (index % 6 === 0 ? ['', 'v1', 'v2'] : ['']);
const host = (/** @type {number} */ index) => `svc-${index}.ns-${index % 20}.svc.cluster.local`;
const address = (/** @type {string} */ net, /** @type {number} */ index) => `${net}.${index >> 8}.${index & 255}`;

/** @param {number} count */
const numbers = (count) => Array.from({ length: count }, (_, index) => index);
/** @param {number} count @param {(index: number) => object} make */
const many = (count, make) => numbers(count).map((index) => make(index));
/** @param {string} name @param {object} more */
const section = (name, more) => ({ '@type': `${TYPE}admin.v3.${name}ConfigDump`, ...more });
/** @param {string} ip @param {number} value */
const socket = (ip, value) => ({ socket_address: { address: ip, port_value: value } });

/** A Service at one of its ports, or a subset of its pods. @typedef {{ index: number, number: number, subset: string }} Target */

/** @param {number} services @returns {Target[]} */
function targets(services) {
  return numbers(services).flatMap((index) =>
    portsOf(index).flatMap((number) => subsetsOf(index).map((subset) => ({ index, number, subset }))),
  );
}

/** @param {Target} target */
const clusterName = ({ index, number, subset }) => `outbound|${number}|${subset}|${host(index)}`;

/** Maps are printed in any order. @param {number} turn @param {Record<string, unknown>} map */
function turned(turn, map) {
  const entries = Object.entries(map);
  const first = turn % entries.length;
  return Object.fromEntries([...entries.slice(first), ...entries.slice(0, first)]);
}

/** @param {Target} target */
function cluster(target) {
  const { index, subset } = target;
  const name = clusterName(target);
  const service = turned(index, { name: host(index), namespace: `ns-${index % 20}`, host: host(index) });
  const rule = `/apis/networking.istio.io/v1/namespaces/ns-${index % 20}/destination-rule/svc-${index}`;
  const istio = turned(index >> 2, { services: [service], ...(subset === '' ? {} : { config: rule, subset }) });
  return {
    '@type': `${TYPE}config.cluster.v3.Cluster`,
    name,
    type: 'EDS',
    eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' }, service_name: name },
    connect_timeout: '10s',
    circuit_breakers: { thresholds: [{ max_connections: 4294967295, max_retries: 4294967295 }] },
    lb_policy: 'LEAST_REQUEST',
    metadata: { filter_metadata: { istio } },
    common_lb_config: { healthy_panic_threshold: {} },
    alt_stat_name: `${name};`,
    transport_socket_matches: [
      {
        name: 'tlsMode-istio',
        match: { tlsMode: 'istio' },
        transport_socket: { name: 'tls', typed_config: tls(name) },
      },
      { name: 'tlsMode-disabled', match: {}, transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
    ],
  };
}

/** @param {string} sni */
function tls(sni) {
  const sds = {
    api_config_source: { api_type: 'GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'sds-grpc' } }] },
  };
  return {
    '@type': `${TYPE}extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
    common_tls_context: {
      alpn_protocols: ['istio-peer-exchange', 'istio'],
      tls_certificate_sds_secret_configs: [{ name: 'default', sds_config: sds }],
    },
    sni,
  };
}

/** @param {Target} target */
function endpoints(target) {
  const { index } = target;
  const matched = { 'envoy.transport_socket_match': { tlsMode: 'istio' } };
  const pod = (/** @type {number} */ number) => ({
    endpoint: { address: socket(address(`172.${16 + number}`, index), 8080), health_check_config: {} },
    health_status: 'HEALTHY',
    metadata: {
      filter_metadata: turned(index + number, {
        ...matched,
        istio: { workload: `svc-${index}-${number};ns-${index % 20};svc-${index};v1;Kubernetes` },
      }),
    },
    load_balancing_weight: 1,
  });
  return {
    '@type': `${TYPE}config.endpoint.v3.ClusterLoadAssignment`,
    cluster_name: clusterName(target),
    endpoints: [
      { locality: { region: 'region', zone: 'zone-0' }, lb_endpoints: [pod(0), pod(3)], load_balancing_weight: 2 },
      { locality: { region: 'region', zone: 'zone-1' }, lb_endpoints: [pod(1)], load_balancing_weight: 1 },
      { locality: { region: 'region', zone: 'zone-2' }, lb_endpoints: [pod(2)], load_balancing_weight: 1 },
    ],
    policy: { overprovisioning_factor: 140 },
  };
}

/** @param {number} index @param {number} number */
function virtualHost(index, number) {
  const retries = { retry_on: 'connect-failure,refused-stream,unavailable,cancelled', num_retries: 2 };
  const route = { cluster: `outbound|${number}||${host(index)}`, timeout: '0s', retry_policy: retries };
  const canary = { prefix: '/', headers: [{ name: 'x-canary', string_match: { exact: 'true' } }] };
  return {
    name: `${host(index)}:${number}`,
    domains: [
      host(index),
      `svc-${index}.ns-${index % 20}`,
      `svc-${index}.ns-${index % 20}.svc`,
      address('10.96', index),
    ],
    routes: [
      { name: 'canary', match: canary, route },
      { name: 'default', match: { prefix: '/' }, route },
    ],
    include_request_attempt_count: true,
  };
}

/** @param {number} number */
function listener(number) {
  const network = `${TYPE}extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
  const http = ['fault.v3.HTTPFault', 'cors.v3.Cors', 'router.v3.Router'].map((type) => ({
    name: type.split('.')[0],
    typed_config: { '@type': `${TYPE}extensions.filters.http.${type}` },
  }));
  const rds = { config_source: { ads: {} }, route_config_name: String(number) };
  const manager = {
    '@type': network,
    stat_prefix: `outbound_${number}`,
    rds,
    http_filters: http,
    use_remote_address: false,
  };
  const chain = { filters: [{ name: 'hcm', typed_config: manager }] };
  return { name: `0.0.0.0_${number}`, address: socket('0.0.0.0', number), filter_chains: [chain], bind_to_port: false };
}

/** The listener that takes what interception redirects, and hands it over. */
const OUTBOUND = {
  name: 'virtualOutbound',
  address: socket('0.0.0.0', 15_001),
  filter_chains: [{ filters: [] }],
  use_original_dst: true,
};

/** @param {number} services */
export function envoyDump(services) {
  return [...envoyDumpParts(services)].join('');
}

/** The same piece by piece, for one that is longer than a string can be. @param {number} services */
export function* envoyDumpParts(services) {
  const listeners = [...PORTS.map(listener), OUTBOUND];
  const all = targets(services);
  const update = { version_info: '2026-11-21T02:32:24Z/1', last_updated: '2026-11-21T02:32:33.317Z' };
  const routes = PORTS.map((number) => ({
    '@type': `${TYPE}config.route.v3.RouteConfiguration`,
    name: String(number),
    ignore_port_in_host_matching: true,
    virtual_hosts: numbers(services)
      .filter((index) => portsOf(index).includes(number))
      .map((index) => virtualHost(index, number)),
  }));
  const sections = [
    () =>
      section('Bootstrap', { bootstrap: { node: { id: 'sidecar~10.244.1.5~web.default~default.svc.cluster.local' } } }),
    () => section('Clusters', { dynamic_active_clusters: all.map((one) => ({ cluster: cluster(one), ...update })) }),
    () =>
      section('Endpoints', {
        dynamic_endpoint_configs: all.map((one) => ({ endpoint_config: endpoints(one) })),
      }),
    () =>
      section('Listeners', {
        dynamic_listeners: listeners.map((one) => ({ name: one.name, active_state: { listener: one } })),
      }),
    () => section('Routes', { dynamic_route_configs: routes.map((route) => ({ route_config: route })) }),
  ];
  for (const [index, make] of sections.entries()) {
    yield index === 0 ? '{\n "configs": [\n  ' : ',\n  ';
    yield JSON.stringify(make(), null, 1).replaceAll('\n', '\n  ');
  }
  yield '\n ]\n}';
}

/** What Envoy counts of each endpoint. */
const COUNTERS = ['cx_connect_fail', 'cx_total', 'rq_error', 'rq_success', 'rq_timeout', 'rq_total'];
const GAUGES = ['cx_active', 'rq_active'];

/** @param {number} index */
function clusterStatus(index) {
  const thresholds = ['DEFAULT', 'HIGH'].map((priority) => ({
    priority,
    max_connections: 4294967295,
    max_pending_requests: 4294967295,
    max_requests: 4294967295,
    max_retries: 4294967295,
  }));
  return {
    name: `outbound|${port(index)}||${host(index)}`,
    added_via_api: true,
    host_statuses: many(4, (pod) => ({
      address: socket(address(`172.${16 + pod}`, index), 8080),
      stats: [
        ...COUNTERS.map((name) => ({ name, value: index % 3 === 0 ? '7' : undefined })),
        ...GAUGES.map((name) => ({ type: 'GAUGE', name })),
      ],
      health_status: { eds_health_status: 'HEALTHY' },
      weight: 1,
      locality: { region: 'region', zone: 'zone' },
    })),
    circuit_breakers: { thresholds },
    observability_name: `outbound|${port(index)}||${host(index)};`,
    eds_service_name: `outbound|${port(index)}||${host(index)}`,
  };
}

/** The answer of the same proxy's /clusters?format=json. @param {number} services */
export function envoyClusters(services) {
  return [...envoyClustersParts(services)].join('');
}

/** The same piece by piece, for one that is longer than a string can be. @param {number} services */
export function* envoyClustersParts(services) {
  for (let index = 0; index < services; index += 1) {
    yield index === 0 ? '{\n "cluster_statuses": [\n  ' : ',\n  ';
    yield JSON.stringify(clusterStatus(index), null, 1).replaceAll('\n', '\n  ');
  }
  yield '\n ]\n}';
}

/** Requests to all Services in turn, one a line. @param {number} services @param {number} count */
export function envoyRequests(services, count) {
  const lines = many(count, (number) => {
    const index = (number * 7) % services;
    const headers = { 'x-request': String(number), ...(number % 5 === 0 ? { 'x-canary': 'true' } : {}) };
    const asked = `${address('10.96', index)}:${port(index)}`;
    return {
      address: asked,
      host: `${host(index)}:${port(index)}`,
      path: `/api/${number}`,
      headers,
      source: '10.244.1.5',
    };
  });
  return `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`;
}
