/** EnvoyFilters at random, of the kinds that are common. In: a source of randomness. Out: objects. */
import type { KubernetesObject } from '../../lab/control-plane/objects.ts';
import { inNamespace, istio } from '../../lab/topology/mesh-objects.ts';
import type { Random } from '../envoy/random.ts';
import { APPS, fullName, portOf, USERS } from './random-names.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters';
const MANAGER = 'envoy.filters.network.http_connection_manager';
const ALWAYS = { numerator: 100, denominator: 'HUNDRED' };

type Context = 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY';

/** Whose proxy it is for: a server's, a client's, the gateway's. */
function places(random: Random): readonly [name: string, context: Context, labels: object | null][] {
  const app = random.pick(APPS);
  return [
    [app, 'SIDECAR_INBOUND', { app }],
    ['cli', 'SIDECAR_OUTBOUND', { app: 'cli' }],
    ['front', 'GATEWAY', { istio: 'ingressgateway' }],
  ];
}

export function randomEnvoyFilters(random: Random): readonly KubernetesObject[] {
  return Array.from({ length: random.below(4) }, (_, at) => {
    const [name, context, labels] = random.pick(places(random));
    const patches = Array.from({ length: random.pick([1, 1, 2]) }, () => patch(random, context));
    const object = istio('networking', 'EnvoyFilter', `${name}-${at}`, {
      workloadSelector: { labels },
      configPatches: patches,
      ...random.maybe(0.2, () => ({ priority: random.pick([-10, 10]) })),
    });
    return context === 'GATEWAY' ? inNamespace('istio-system', object) : object;
  });
}

function patch(random: Random, context: Context): object {
  const kinds = [httpFilter, httpFilter, manager, manager, virtualHost, httpRoute, routeConfiguration];
  return random.pick(context === 'SIDECAR_OUTBOUND' ? [...kinds, cluster] : kinds)(random, context);
}

/** A filter before the router. */
function httpFilter(random: Random, context: Context): object {
  return {
    applyTo: 'HTTP_FILTER',
    match: {
      context,
      listener: { filterChain: { filter: { name: MANAGER, subFilter: { name: 'envoy.filters.http.router' } } } },
    },
    patch: { operation: random.pick(['INSERT_BEFORE', 'INSERT_FIRST']), value: filter(random) },
  };
}

function limited(tokens: number): object {
  return {
    '@type': `${TYPE}.http.local_ratelimit.v3.LocalRateLimit`,
    stat_prefix: 'limited',
    token_bucket: { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: tokens === 1 ? '3600s' : '1s' },
    filter_enabled: { default_value: ALWAYS },
    filter_enforced: { default_value: ALWAYS },
  };
}

function filter(random: Random): object {
  return random.pick([
    {
      name: 'envoy.filters.http.fault',
      typed_config: {
        '@type': `${TYPE}.http.fault.v3.HTTPFault`,
        abort: { http_status: 429, percentage: ALWAYS },
        headers: [{ name: 'x-user', string_match: { exact: random.pick(USERS) } }],
      },
    },
    { name: 'envoy.filters.http.local_ratelimit', typed_config: limited(random.pick([100_000, 100_000, 1])) },
    {
      name: 'envoy.filters.http.header_mutation',
      typed_config: {
        '@type': `${TYPE}.http.header_mutation.v3.HeaderMutation`,
        mutations: {
          request_mutations: [
            random.pick([
              { append: { header: { key: 'x-user', value: 'ann' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
              { remove: 'x-user' },
              { append: { header: { key: 'x-more', value: '1' } } },
            ]),
          ],
        },
      },
    },
    {
      name: 'envoy.filters.http.compressor',
      typed_config: {
        '@type': `${TYPE}.http.compressor.v3.Compressor`,
        compressor_library: {
          name: 'gzip',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip' },
        },
      },
    },
    {
      name: 'envoy.filters.http.buffer',
      typed_config: { '@type': `${TYPE}.http.buffer.v3.Buffer`, max_request_bytes: 1024 },
    },
    {
      name: 'envoy.filters.http.rbac',
      typed_config: {
        '@type': `${TYPE}.http.rbac.v3.RBAC`,
        rules: {
          action: 'DENY',
          policies: {
            own: {
              permissions: [{ url_path: { path: { prefix: random.pick(['/a', '/b']) } } }],
              principals: [{ any: true }],
            },
          },
        },
      },
    },
  ]);
}

/** Options of the HTTP connection manager. */
function manager(random: Random, context: Context): object {
  const options = random.pick([
    { use_remote_address: true, xff_num_trusted_hops: random.below(3) },
    { merge_slashes: true },
    { normalize_path: random.chance(0.5) },
    {
      path_with_escaped_slashes_action: random.pick([
        'REJECT_REQUEST',
        'UNESCAPE_AND_REDIRECT',
        'UNESCAPE_AND_FORWARD',
        'KEEP_UNCHANGED',
      ]),
    },
    {
      common_http_protocol_options: { headers_with_underscores_action: random.pick(['REJECT_REQUEST', 'DROP_HEADER']) },
    },
    { common_http_protocol_options: { max_headers_count: 100 } },
    { max_request_headers_kb: 1 },
    { strip_any_host_port: true },
    { stream_idle_timeout: '30s', request_timeout: '20s' },
    { server_name: 'nobody', server_header_transformation: 'PASS_THROUGH' },
    { codec_type: 'HTTP1' },
    { upgrade_configs: [{ upgrade_type: 'websocket', enabled: false }] },
    { preserve_external_request_id: true, always_set_request_id_in_response: true },
    {
      local_reply_config: {
        mappers: [
          {
            filter: {
              status_code_filter: {
                comparison: { op: 'EQ', value: { default_value: random.pick([403, 404, 503]), runtime_key: 'none' } },
              },
            },
            status_code: 410,
          },
        ],
      },
    },
  ]);
  return {
    applyTo: 'NETWORK_FILTER',
    match: { context, listener: { filterChain: { filter: { name: MANAGER } } } },
    patch: {
      operation: 'MERGE',
      value: {
        typed_config: {
          '@type': `${TYPE}.network.http_connection_manager.v3.HttpConnectionManager`,
          ...options,
        },
      },
    },
  };
}

const more = (key: string, value: string): object => ({
  header: { key, value },
  append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
});

/** What counts for a host, or for all of them. */
function virtualHost(random: Random, context: Context): object {
  const app = random.pick(APPS);
  const named = { vhost: { name: `${fullName(app)}:${portOf(app)}` } };
  return {
    applyTo: 'VIRTUAL_HOST',
    match: {
      context,
      ...(context === 'SIDECAR_OUTBOUND' ? random.maybe(0.7, () => ({ routeConfiguration: named })) : {}),
    },
    patch: {
      operation: 'MERGE',
      value: random.pick([
        { request_headers_to_add: [more('x-user', 'bob')] },
        { request_headers_to_remove: ['x-user'] },
        { response_headers_to_add: [more('x-answered', 'yes')] },
        { retry_policy: { retry_on: '5xx', num_retries: 2 } },
        { require_tls: random.pick(['ALL', 'EXTERNAL_ONLY']) },
        { cors: { allow_origin_string_match: [{ prefix: 'http://one' }] } },
        {
          rate_limits: [{ actions: [{ generic_key: { descriptor_value: 'one' } }] }],
        },
      ]),
    },
  };
}

/** What counts for each route. */
function httpRoute(random: Random, context: Context): object {
  return {
    applyTo: 'HTTP_ROUTE',
    match: { context, ...random.maybe(0.5, () => ({ routeConfiguration: { vhost: { route: { action: 'ROUTE' } } } })) },
    patch: {
      operation: 'MERGE',
      value: random.pick([
        { request_headers_to_add: [more('x-user', 'ann')] },
        { route: { timeout: '3s' } },
        { route: { idle_timeout: '3s' } },
        { route: { prefix_rewrite: '/c' } },
        { route: { host_rewrite_literal: 'renamed.example.test' } },
        { route: { retry_policy: { retry_on: 'connect-failure', num_retries: 1 } } },
        { direct_response: { status: 418 } },
        { typed_per_filter_config: { 'envoy.filters.http.local_ratelimit': limited(100_000) } },
        {
          typed_per_filter_config: {
            'envoy.filters.http.fault': {
              '@type': `${TYPE}.http.fault.v3.HTTPFault`,
              abort: { http_status: 430, percentage: ALWAYS },
            },
          },
        },
      ]),
    },
  };
}

function routeConfiguration(random: Random, context: Context): object {
  return {
    applyTo: 'ROUTE_CONFIGURATION',
    match: { context },
    patch: {
      operation: 'MERGE',
      value: random.pick([
        { request_headers_to_add: [more('x-user', 'bob')] },
        { response_headers_to_remove: ['server'] },
        { internal_only_headers: ['x-more'] },
        { ignore_port_in_host_matching: true },
      ]),
    },
  };
}

/** What a client's proxy does to connect. */
function cluster(random: Random, context: Context): object {
  const app = random.pick(APPS);
  return {
    applyTo: 'CLUSTER',
    match: { context, cluster: { service: fullName(app) } },
    patch: {
      operation: 'MERGE',
      value: random.pick([
        { connect_timeout: '2s' },
        { circuit_breakers: { thresholds: [{ max_connections: 0 }] } },
        { circuit_breakers: { thresholds: [{ max_pending_requests: 0 }] } },
        { circuit_breakers: { thresholds: [{ max_requests: 0 }] } },
        { common_lb_config: { healthy_panic_threshold: { value: 0 } } },
        { lb_policy: 'RANDOM' },
      ]),
    },
  };
}
