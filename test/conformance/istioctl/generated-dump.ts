/**
 * A proxy's answers that hold what captured ones lack: kinds of addresses, matches, routes, secrets, metadata and texts. Their
 * certificates are made by the caller.
 */

const TYPE = 'type.googleapis.com/';
const ISTIO_API = '/apis/networking.istio.io/v1/namespaces/shop';

function socket(address: string, port: number): object {
  return { socket_address: { address, port_value: port } };
}

function owned(path: string): object {
  return { filter_metadata: { istio: { config: path } } };
}

function cluster(name: string, more: object = {}): object {
  const resource = { '@type': `${TYPE}envoy.config.cluster.v3.Cluster`, name, connect_timeout: '0.250s', ...more };
  return { version_info: '7', cluster: resource, last_updated: '2026-01-02T03:04:05.678Z' };
}

const CLUSTERS = {
  '@type': `${TYPE}envoy.admin.v3.ClustersConfigDump`,
  static_clusters: [cluster('prometheus_stats', { type: 'STATIC' }), cluster('zipkin', { type: 'STRICT_DNS' })],
  dynamic_active_clusters: [
    cluster('outbound|443|v10|b.shop.svc.cluster.local', {
      type: 'EDS',
      metadata: owned(`${ISTIO_API}/destination-rule/b`),
    }),
    cluster('outbound|80|v2|b.shop.svc.cluster.local', {
      type: 'EDS',
      metadata: owned('/apis/networking.istio.io/short'),
    }),
    cluster('outbound|80||b.shop.svc.cluster.local', { type: 'EDS', metadata: owned('elsewhere') }),
    cluster('inbound|8080||', {
      type: 'ORIGINAL_DST',
      metadata: { filter_metadata: { istio: { services: [{ name: 'a' }] } } },
    }),
    cluster('inbound-vip|80|http|a.shop.svc.cluster.local', { type: 'EDS' }),
    cluster('outbound|notaport||a.shop.svc.cluster.local', { type: 'LOGICAL_DNS' }),
    cluster('outbound_.80_.v1_.srv.shop.svc.cluster.local', { type: 'EDS' }),
    cluster('PassthroughCluster', {
      type: 'ORIGINAL_DST',
      lb_policy: 'CLUSTER_PROVIDED',
      circuit_breakers: { thresholds: [{ max_connections: 4294967295, track_remaining: true }] },
      outlier_detection: { consecutive_5xx: 5, max_ejection_percent: 0, base_ejection_time: '180s' },
      common_lb_config: { healthy_panic_threshold: { value: 0.1 } },
      respect_dns_ttl: false,
      alt_stat_name: '',
    }),
  ],
  dynamic_warming_clusters: [cluster('outbound|9999||warming.shop.svc.cluster.local', { type: 'EDS' })],
};

function route(match: object, action: object, more: object = {}): object {
  return { match, ...action, ...more };
}

const HOSTS = [
  {
    name: 'b.shop.svc.cluster.local:80',
    domains: ['b.shop.svc.cluster.local', 'b', 'b.shop.svc', 'b.shop', '10.0.0.1', 'b:80', '[fd00::1]', '[fd00::1]:80'],
    routes: [
      route(
        { prefix: '/x', headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
        {
          route: {
            weighted_clusters: {
              clusters: [
                { name: 'one', weight: 33 },
                { name: 'two', weight: 67 },
              ],
            },
          },
        },
        { metadata: owned(`${ISTIO_API}/virtual-service/b`), name: 'first' },
      ),
      route({ safe_regex: { regex: '/a<b>&"c"\\d+' } }, { redirect: { https_redirect: true } }),
      route({ path_separated_prefix: '/p' }, { direct_response: { status: 503 } }),
      route({ path: '/exact' }, { route: { cluster: 'x', timeout: '0s', max_grpc_timeout: '1.5s' } }),
      route({ connect_matcher: {} }, { route: { cluster: 'x' } }),
    ],
  },
  { name: 'empty', domains: ['only.example.org'] },
  { name: 'any', domains: ['*'], routes: [route({ prefix: '/' }, { route: { cluster: 'PassthroughCluster' } })] },
];

const ROUTES = {
  '@type': `${TYPE}envoy.admin.v3.RoutesConfigDump`,
  dynamic_route_configs: ['80', '9080', '8000', 'http.80'].map((name) => ({
    version_info: '1',
    route_config: {
      '@type': `${TYPE}envoy.config.route.v3.RouteConfiguration`,
      name,
      virtual_hosts: HOSTS,
      max_direct_response_body_size_bytes: 1048576,
      validate_clusters: false,
    },
  })),
  static_route_configs: [
    { route_config: { '@type': `${TYPE}envoy.config.route.v3.RouteConfiguration`, virtual_hosts: HOSTS.slice(2) } },
  ],
};

function manager(config: object): object {
  const type = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: { '@type': `${TYPE}${type}`, stat_prefix: 'x', ...config },
  };
}

function tcpProxy(config: object): object {
  const type = 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: { '@type': `${TYPE}${type}`, stat_prefix: 'x', ...config },
  };
}

/** Texts that YAML and JSON write in different ways. */
const TEXTS: Readonly<Record<string, unknown>> = {
  number: 1.5,
  large: 12345678.25,
  small: 0.00001,
  whole: 3,
  yes: 'yes',
  'octal-like': '0123',
  hex: '0x1F',
  time: '12:30',
  date: '2026-01-02',
  empty: '',
  blank: ' ',
  dash: '- a',
  hash: 'a #b',
  colon: 'a: b',
  quote: "it's",
  'quote-first': "'a'",
  tab: 'a\tb',
  html: '<a & b>',
  umlaut: 'größe',
  emoji: '😀',
  lines: 'first\nsecond\n',
  'lines-open': 'first\n  second',
  'lines-end': 'a\n\n',
  'lines-blank': 'a \nb',
  long: 'this is a text of many words that goes on well beyond the eightieth column so that the line is broken somewhere',
  'long-quoted': '# this is a text of many words that goes on well beyond the eightieth column, and it needs quotes',
  'long-escaped': 'a\tthis is a text of many words that goes on well beyond the eightieth column  with escapes in it',
  nested: { b: [1, { z: null, a: [] }], a: {}, 10: 'ten', 9: 'nine' },
  flag: true,
};

function listener(name: string, more: object): object {
  return { '@type': `${TYPE}envoy.config.listener.v3.Listener`, name, ...more };
}

const LISTENERS = [
  listener('virtualInbound', {
    address: socket('0.0.0.0', 15006),
    traffic_direction: 'INBOUND',
    metadata: { filter_metadata: { texts: TEXTS } },
    filter_chains: [
      {
        filter_chain_match: {
          prefix_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }, { address_prefix: '::' }],
        },
        filters: [tcpProxy({ cluster: 'inbound|8080||' })],
      },
      {
        filter_chain_match: {
          destination_port: 8080,
          transport_protocol: 'tls',
          application_protocols: ['istio-peer-exchange', 'istio'],
        },
        filters: [manager({ route_config: { virtual_hosts: HOSTS.slice(2), name: 'inbound' } })],
      },
      {
        filter_chain_match: { server_names: ['a.example.org', '*.b'], application_protocols: ['h2'] },
        filters: [manager({ route_config: { virtual_hosts: HOSTS } })],
      },
      { filters: [tcpProxy({ cluster: 'BlackHoleCluster' })] },
    ],
    default_filter_chain: { filters: [manager({ rds: { route_config_name: '80' } })] },
  }),
  listener('10.0.0.1_443', {
    address: socket('10.0.0.1', 443),
    additional_addresses: [{ address: socket('fd00::1', 443) }],
    filter_chains: [
      {
        filter_chain_match: { application_protocols: ['http/1.0', 'http/1.1', 'h2c'] },
        filters: [manager({ scoped_routes: { name: 's' } })],
      },
    ],
  }),
  listener('no-chains', { address: socket('10.0.0.2', 443) }),
  listener('pipe', { address: { pipe: { path: '/tmp/sock' } }, filter_chains: [{ filters: [{ name: 'redis' }] }] }),
  listener('internal', {
    internal_listener: {},
    filter_chains: [{ filters: [tcpProxy({ cluster: 'PassthroughCluster', idle_timeout: '3600s' })] }],
  }),
];

const LISTENERS_SECTION = {
  '@type': `${TYPE}envoy.admin.v3.ListenersConfigDump`,
  static_listeners: [{ listener: LISTENERS[3] }],
  dynamic_listeners: [0, 1, 2, 4].map((index) => ({
    name: `listener-${index}`,
    active_state: { version_info: '1', listener: LISTENERS[index] },
    draining_state: { version_info: '0', listener: listener('draining', { address: socket('10.0.0.9', 9) }) },
  })),
};

const ENDPOINTS = {
  '@type': `${TYPE}envoy.admin.v3.EndpointsConfigDump`,
  dynamic_endpoint_configs: ['outbound|80||b.shop.svc.cluster.local', 'outbound|80||a.shop.svc.cluster.local'].map(
    (name, index) => ({
      endpoint_config: {
        '@type': `${TYPE}envoy.config.endpoint.v3.ClusterLoadAssignment`,
        cluster_name: name,
        endpoints: [
          {
            locality: { region: 'r', zone: 'z', sub_zone: index === 0 ? 's' : '' },
            lb_endpoints: [
              {
                endpoint: { address: socket('10.1.0.1', 80 + index) },
                health_status: 'HEALTHY',
                load_balancing_weight: 7,
              },
              { endpoint: { address: { pipe: { path: '/tmp/s' } } }, health_status: 'DRAINING' },
              {
                endpoint: {
                  address: { envoy_internal_address: { server_listener_name: 'l', endpoint_id: 'e' } },
                },
              },
              {
                endpoint: {
                  address: socket('fd00::2', 80),
                  additional_addresses: [{ address: socket('10.1.0.2', 80) }],
                },
                metadata: { filter_metadata: { istio: { workload: 'a;b' } } },
              },
            ],
          },
        ],
      },
    }),
  ),
};

const EXTENSIONS = [
  ['b', 'envoy.extensions.filters.http.router.v3.Router'],
  ['c', 'envoy.extensions.filters.http.cors.v3.Cors'],
  ['a', 'envoy.extensions.filters.http.router.v3.Router'],
].map(([name, type]) => ({
  version_info: '1',
  ecds_filter: {
    '@type': `${TYPE}envoy.config.core.v3.TypedExtensionConfig`,
    name,
    typed_config: { '@type': `${TYPE}${type}` },
  },
}));

const BOOTSTRAP = {
  '@type': `${TYPE}envoy.admin.v3.BootstrapConfigDump`,
  bootstrap: {
    node: {
      id: 'sidecar~10.0.0.3~a.shop~shop.svc.cluster.local',
      metadata: { ...TEXTS, ISTIO_VERSION: '1.31.1', ISTIO_PROXY_SHA: 'istio-proxy:abc' },
      user_agent_build_version: {
        version: { major_number: 1, minor_number: 40 },
        metadata: {
          'build.type': 'RELEASE',
          'revision.status': 'Clean',
          'ssl.version': 'BoringSSL',
          'build.label': 'dev',
        },
      },
    },
    admin: { address: socket('127.0.0.1', 15000) },
    layered_runtime: { layers: [{ name: 'static', static_layer: TEXTS }] },
  },
  last_updated: '2026-01-02T03:04:05Z',
};

/** @param certificates base64 of texts in PEM: of a workload, of an authority */
function secrets(certificates: readonly [string, string]): object {
  const [leaf, authority] = certificates;
  const secret = (name: string, content: object): object => ({
    name,
    version_info: '1',
    last_updated: '2026-01-02T03:04:05.6Z',
    secret: { '@type': `${TYPE}envoy.extensions.transport_sockets.tls.v3.Secret`, name, ...content },
  });
  return {
    '@type': `${TYPE}envoy.admin.v3.SecretsConfigDump`,
    dynamic_active_secrets: [
      secret('default', {
        tls_certificate: { certificate_chain: { inline_bytes: leaf }, private_key: { inline_bytes: 'W10=' } },
      }),
      secret('ROOTCA', { validation_context: { trusted_ca: { inline_bytes: authority } } }),
      secret('junk', { validation_context: { trusted_ca: { inline_bytes: 'anVuaw==' } } }),
    ],
    dynamic_warming_secrets: [secret('kubernetes://waiting', {})],
  };
}

/** @returns the answer of /config_dump */
export function generatedDump(certificates: readonly [string, string]): object {
  const extensions = { '@type': `${TYPE}envoy.admin.v3.EcdsConfigDump`, ecds_filters: EXTENSIONS };
  const sections = [BOOTSTRAP, CLUSTERS, ENDPOINTS, LISTENERS_SECTION, ROUTES, secrets(certificates), extensions];
  return { configs: sections };
}

/** @returns the answer of /clusters?format=json */
export function generatedClusters(): object {
  const host = (address: object, more: object = {}): object => ({
    address,
    stats: [{ name: 'cx_total', value: '9007199254740993' }],
    ...more,
  });
  return {
    cluster_statuses: [
      {
        name: 'outbound|80||b.shop.svc.cluster.local',
        added_via_api: true,
        host_statuses: [
          host(socket('10.1.0.2', 80), {
            health_status: { eds_health_status: 'HEALTHY' },
            weight: 1,
            locality: { zone: 'z' },
          }),
          host(socket('10.1.0.10', 80), {
            health_status: { eds_health_status: 'DRAINING', failed_outlier_check: true },
          }),
          host(socket('fd00::3', 80), { health_status: {}, success_rate: { value: 99.5 } }),
          host({ pipe: { path: '/tmp/s' } }),
        ],
      },
      {
        name: 'sds-grpc',
        host_statuses: [
          host({ envoy_internal_address: { server_listener_name: 'l', endpoint_id: 'e' } }),
          host(socket('10.1.0.2', 0), { health_status: { eds_health_status: 'UNHEALTHY' } }),
        ],
      },
      { name: 'empty' },
    ],
  };
}
