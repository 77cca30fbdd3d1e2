// Writes the config_dump of a sidecar in a mesh of many services, as Envoy prints it: a line for each value, indented by its depth.
// Shape: what istiod configures for HTTP services with a few endpoints each, some with a listener of their own.

const TYPE = 'type.googleapis.com/';
const ENDPOINTS = 5;

/**
 * @param {number} services how many services; 8,000 make 61 MB
 * @returns {{ text: string, host: string }} the dump, and the host of a service in its middle
 */
export function envoyDump(services) {
  const numbers = [...Array(services).keys()];
  const configs = [
    {
      '@type': `${TYPE}envoy.admin.v3.BootstrapConfigDump`,
      bootstrap: { node: { id: 'sidecar~10.0.0.1~a.b~b.svc.cluster.local' } },
    },
    {
      '@type': `${TYPE}envoy.admin.v3.ClustersConfigDump`,
      version_info: '1',
      dynamic_active_clusters: numbers.map(cluster),
    },
    { '@type': `${TYPE}envoy.admin.v3.EndpointsConfigDump`, dynamic_endpoint_configs: numbers.map(assignment) },
    {
      '@type': `${TYPE}envoy.admin.v3.ListenersConfigDump`,
      version_info: '1',
      dynamic_listeners: numbers.filter((number) => number % 5 === 0).map(listener),
    },
    { '@type': `${TYPE}envoy.admin.v3.RoutesConfigDump`, dynamic_route_configs: [routes(numbers)] },
  ];
  return { text: JSON.stringify({ configs }, null, 1), host: hostOf(services >> 1) };
}

/** @param {number} number */
function hostOf(number) {
  return `svc-${number}.ns-${number % 50}.svc.cluster.local`;
}

/** @param {number} number */
function owner(number) {
  const config = `/apis/networking.istio.io/v1/namespaces/ns-${number % 50}/destination-rule/svc-${number}`;
  return {
    filter_metadata: {
      istio: { config, services: [{ host: hostOf(number), name: `svc-${number}`, namespace: `ns-${number % 50}` }] },
    },
  };
}

/** @param {number} number */
function cluster(number) {
  const name = `outbound|80||${hostOf(number)}`;
  return {
    version_info: '2026-01-02T03:04:05Z/1',
    cluster: {
      '@type': `${TYPE}envoy.config.cluster.v3.Cluster`,
      name,
      type: 'EDS',
      eds_cluster_config: {
        eds_config: { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
        service_name: name,
      },
      connect_timeout: '10s',
      lb_policy: 'LEAST_REQUEST',
      circuit_breakers: {
        thresholds: [
          {
            max_connections: 4294967295,
            max_pending_requests: 4294967295,
            max_requests: 4294967295,
            max_retries: 4294967295,
            track_remaining: true,
          },
        ],
      },
      metadata: owner(number),
      common_lb_config: { locality_weighted_lb_config: {} },
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          '@type': `${TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
          explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 1073741823 } },
        },
      },
      transport_socket_matches: [
        {
          name: 'tlsMode-istio',
          match: { tlsMode: 'istio' },
          transport_socket: {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              '@type': `${TYPE}envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
              common_tls_context: {
                tls_certificate_sds_secret_configs: [
                  { name: 'default', sds_config: { ads: {}, resource_api_version: 'V3' } },
                ],
                alpn_protocols: ['istio-peer-exchange', 'istio'],
                combined_validation_context: {
                  default_validation_context: {
                    match_subject_alt_names: [{ exact: `spiffe://cluster.local/ns/ns-${number % 50}/sa/default` }],
                  },
                  validation_context_sds_secret_config: {
                    name: 'ROOTCA',
                    sds_config: { ads: {}, resource_api_version: 'V3' },
                  },
                },
              },
              sni: `outbound_.80_._.${hostOf(number)}`,
            },
          },
        },
        { name: 'tlsMode-disabled', match: {}, transport_socket: { name: 'envoy.transport_sockets.raw_buffer' } },
      ],
    },
    last_updated: '2026-01-02T03:04:05.678Z',
  };
}

/** @param {number} number */
function assignment(number) {
  const endpoints = [...Array(ENDPOINTS).keys()].map((endpoint) => ({
    endpoint: {
      address: { socket_address: { address: address(10, number * ENDPOINTS + endpoint), port_value: 8080 } },
      health_check_config: {},
    },
    health_status: 'HEALTHY',
    metadata: {
      filter_metadata: {
        istio: { workload: `svc-${number};ns-${number % 50};svc-${number};v1;Kubernetes` },
        'envoy.transport_socket_match': { tlsMode: 'istio' },
      },
    },
    load_balancing_weight: 1,
  }));
  return {
    endpoint_config: {
      '@type': `${TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment`,
      cluster_name: `outbound|80||${hostOf(number)}`,
      endpoints: [{ locality: { region: 'region', zone: 'zone' }, lb_endpoints: endpoints }],
      policy: { overprovisioning_factor: 140 },
    },
  };
}

/** @param {number} number */
function listener(number) {
  const type = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  const ip = address(100, number);
  return {
    name: `${ip}_443`,
    active_state: {
      version_info: '1',
      listener: {
        '@type': `${TYPE}envoy.config.listener.v3.Listener`,
        name: `${ip}_443`,
        address: { socket_address: { address: ip, port_value: number === 0 ? 15006 : 443 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'envoy.filters.network.tcp_proxy',
                typed_config: {
                  '@type': `${TYPE}${type}`,
                  stat_prefix: 'x',
                  cluster: `outbound|443||${hostOf(number)}`,
                },
              },
            ],
          },
        ],
        traffic_direction: 'OUTBOUND',
      },
    },
  };
}

/** @param {readonly number[]} numbers */
function routes(numbers) {
  const hosts = numbers.map((number) => ({
    name: `${hostOf(number)}:80`,
    domains: [
      hostOf(number),
      `svc-${number}.ns-${number % 50}`,
      `svc-${number}.ns-${number % 50}.svc`,
      address(100, number),
    ],
    routes: [
      {
        match: { prefix: '/' },
        route: {
          cluster: `outbound|80||${hostOf(number)}`,
          timeout: '0s',
          retry_policy: { retry_on: 'connect-failure,refused-stream', num_retries: 2 },
          max_grpc_timeout: '0s',
        },
        decorator: { operation: `${hostOf(number)}:80/*` },
        name: 'default',
      },
    ],
    include_request_attempt_count: true,
  }));
  const config = { '@type': `${TYPE}envoy.config.route.v3.RouteConfiguration`, name: '80', virtual_hosts: hosts };
  return { version_info: '1', route_config: config, last_updated: '2026-01-02T03:04:05.678Z' };
}

/**
 * @param {number} first
 * @param {number} number
 */
function address(first, number) {
  return `${first}.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}
