/** Causes of response flags: each is found in a proxy that has it, and not in one that has not. */
import { describe, expect, it } from 'vitest';
import { RESPONSE_FLAGS, readFlags } from '../../../src/explain/why/flags.ts';
import { explainFlags, type WhyCause } from '../../../src/explain/why/why.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import {
  chain,
  cluster,
  host,
  httpFilter,
  httpListener,
  listener,
  networkFilter,
  smallProxy,
  tcpProxy,
} from '../../evaluate/proxies/envoy/small-proxy.ts';
import { bookinfoProxy } from '../../evaluate/proxies/envoy/snapshot.ts';

const address = (ip: string): object => ({ address: { socket_address: { address: ip, port_value: 80 } } });
const all = { prefix: '/' };
const toC = { match: all, route: { cluster: 'c', timeout: '0s' } };
const plain = smallProxy({ listeners: [httpListener([toC])], clusters: [cluster('c')], statuses: [status('c', {})] });

function status(name: string, counts: Readonly<Record<string, number>>, health: object = {}): object {
  const stats = Object.entries(counts).map(([stat, value]) => ({ name: stat, value: String(value) }));
  return {
    name,
    host_statuses: [{ ...address('10.0.0.1'), stats, health_status: { eds_health_status: 'HEALTHY', ...health } }],
  };
}

/** One of two hosts is ejected. */
const halfEjected = {
  name: 'c',
  host_statuses: [
    { ...address('10.0.0.1'), health_status: { failed_outlier_check: true } },
    { ...address('10.0.0.2'), health_status: {} },
  ],
};

function causes(flags: string, facts: EnvoyFacts, detail: string | null = null): readonly WhyCause[] {
  const answer = explainFlags(flags, detail, [{ name: null, facts }]);
  return answer.proxies[0]?.causes ?? [];
}

const verdictOf = (facts: EnvoyFacts, flags: string, id: string, detail: string | null = null): string | undefined =>
  causes(flags, facts, detail).find(({ cause }) => cause === id)?.verdict;

const fault = (more: object): object => httpFilter('fault.v3.HTTPFault', more);
const always = { percentage: { numerator: 100 } };
const routed = (route: object, more: object = {}): EnvoyFacts =>
  smallProxy({
    listeners: [httpListener([{ match: all, route: { cluster: 'c', timeout: '0s', ...route } }])],
    clusters: [cluster('c', 1, more)],
  });
const filtered = (...filters: object[]): EnvoyFacts =>
  smallProxy({ listeners: [httpListener([toC], {}, filters)], clusters: [cluster('c')] });
const bucket = (max_tokens: number): object => ({ token_bucket: { max_tokens, fill_interval: '1s' } });
const rds = { route_config: undefined, rds: { route_config_name: 'gone', config_source: { ads: {} } } };
const tls = {
  transport_socket: {
    name: 'tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      common_tls_context: { alpn_protocols: ['istio'] },
    },
  },
};
const labelled = { metadata: { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } } };
const labelledHost = {
  load_assignment: { cluster_name: 'c', endpoints: [{ lb_endpoints: [host('10.0.0.1', labelled)] }] },
};

/** Flag, cause, verdict, and the proxy; a plain proxy has none of them. */
const FIRING: readonly (readonly [string, string, 'found' | 'possible', EnvoyFacts])[] = [
  ['NC', 'route-cluster-missing', 'found', smallProxy({ listeners: [httpListener([toC])] })],
  ['NC', 'cluster-from-header', 'possible', routed({ cluster: undefined, cluster_header: 'x-cluster' })],
  [
    'NR',
    'no-filter-chain',
    'possible',
    smallProxy({
      listeners: [
        listener('0.0.0.0', 80, {
          filter_chains: [chain([tcpProxy('c')], { filter_chain_match: { server_names: ['a.example'] } })],
        }),
      ],
      clusters: [cluster('c')],
    }),
  ],
  ['NR', 'route-table-missing', 'found', smallProxy({ listeners: [httpListener([], rds)] })],
  [
    'NR',
    'no-virtual-host',
    'possible',
    smallProxy({
      listeners: [
        httpListener([], {
          route_config: { name: 'r', virtual_hosts: [{ name: 'v', domains: ['a.example'], routes: [toC] }] },
        }),
      ],
      clusters: [cluster('c')],
    }),
  ],
  [
    'NR',
    'no-route',
    'possible',
    smallProxy({
      listeners: [httpListener([{ match: { prefix: '/a' }, route: { cluster: 'c' } }])],
      clusters: [cluster('c')],
    }),
  ],
  ['NR', 'no-route', 'found', smallProxy({ listeners: [httpListener([])] })],
  [
    'IH',
    'strict-headers',
    'possible',
    smallProxy({
      listeners: [
        httpListener([toC], {
          http_filters: [httpFilter('router.v3.Router', { strict_check_headers: ['x-envoy-retry-on'] })],
        }),
      ],
      clusters: [cluster('c')],
    }),
  ],
  ['UH', 'cluster-empty', 'found', smallProxy({ listeners: [httpListener([toC])], clusters: [cluster('c', 0)] })],
  [
    'UH',
    'hosts-unhealthy',
    'possible',
    smallProxy({
      listeners: [httpListener([toC])],
      clusters: [cluster('c')],
      statuses: [status('c', {}, { failed_active_health_check: true })],
    }),
  ],
  [
    'UH',
    'hosts-partly-unhealthy',
    'possible',
    smallProxy({
      listeners: [httpListener([toC])],
      clusters: [cluster('c', 2)],
      statuses: [halfEjected],
    }),
  ],
  [
    'UH',
    'subset-without-hosts',
    'possible',
    routed({ metadata_match: { filter_metadata: { 'envoy.lb': { version: 'v1' } } } }),
  ],
  [
    'UH',
    'black-hole',
    'possible',
    smallProxy({
      listeners: [listener('0.0.0.0', 80, { filter_chains: [chain([tcpProxy('BlackHoleCluster')])] })],
      clusters: [cluster('BlackHoleCluster', 0)],
    }),
  ],
  [
    'UF',
    'connections-failed',
    'possible',
    smallProxy({
      listeners: [httpListener([toC])],
      clusters: [cluster('c')],
      statuses: [status('c', { cx_connect_fail: 3 })],
    }),
  ],
  ['UF', 'upstream-tls', 'possible', routed({}, tls)],
  ['UC', 'plaintext-to-labelled-host', 'possible', routed({}, labelledHost)],
  [
    'UC',
    'upstream-closes',
    'possible',
    smallProxy({
      listeners: [httpListener([toC])],
      clusters: [cluster('c')],
      statuses: [status('c', { rq_error: 2 })],
    }),
  ],
  ['UO', 'circuit-breaker', 'possible', routed({}, { circuit_breakers: { thresholds: [{ max_connections: 1 }] } })],
  ['UO', 'circuit-breaker', 'found', routed({}, { circuit_breakers: { thresholds: [{ max_requests: 0 }] } })],
  ['UPE', 'upstream-protocol', 'possible', routed({}, { http2_protocol_options: { max_concurrent_streams: 5 } })],
  [
    'UDO',
    'drop-overload',
    'found',
    routed(
      {},
      {
        load_assignment: {
          cluster_name: 'c',
          endpoints: [],
          policy: { drop_overloads: [{ category: 'x', drop_percentage: { numerator: 100 } }] },
        },
      },
    ),
  ],
  ['DF', 'dns', 'possible', routed({}, { type: 'STRICT_DNS' })],
  ['FI', 'fault-abort', 'found', filtered(fault({ abort: { http_status: 418, ...always } }))],
  ['DI', 'fault-delay', 'found', filtered(fault({ delay: { fixed_delay: '2s', ...always } }))],
  ['RL', 'local-rate-limit', 'possible', filtered(httpFilter('local_ratelimit.v3.LocalRateLimit', bucket(3)))],
  ['RL', 'rate-limit', 'possible', filtered(httpFilter('ratelimit.v3.RateLimit'))],
  [
    'RLSE',
    'rate-limit-service',
    'possible',
    filtered(httpFilter('ratelimit.v3.RateLimit', { failure_mode_deny: true })),
  ],
  ['UAEX', 'ext-authz', 'possible', filtered(httpFilter('ext_authz.v3.ExtAuthz'))],
  ['NFCF', 'filter-config-missing', 'found', filtered({ name: 'wasm', config_discovery: { type_urls: [] } })],
  ['LH', 'health-check-filter', 'possible', filtered(httpFilter('health_check.v3.HealthCheck'))],
  ['RFCF', 'cache-filter', 'possible', filtered(httpFilter('cache.v3.CacheConfig'))],
  ['OM', 'overload-manager', 'possible', smallProxy({ bootstrap: { overload_manager: { actions: [] } } })],
  ['UT', 'route-timeout', 'possible', routed({ timeout: '1s' })],
  ['URX', 'retries-used-up', 'possible', routed({ retry_policy: { retry_on: '5xx' } })],
  [
    'SI',
    'stream-idle',
    'possible',
    smallProxy({ listeners: [httpListener([toC], { stream_idle_timeout: '5s' })], clusters: [cluster('c')] }),
  ],
  ['UMSDR', 'stream-duration', 'possible', routed({ max_stream_duration: { max_stream_duration: '5s' } })],
  [
    'DT',
    'connection-duration',
    'possible',
    smallProxy({
      listeners: [httpListener([toC], { common_http_protocol_options: { max_connection_duration: '5s' } })],
      clusters: [cluster('c')],
    }),
  ],
];

describe('a cause', () => {
  it.each(FIRING)('of %s, %s, is %s', (flag, id, verdict, facts) => {
    expect(verdictOf(facts, flag, id)).toBe(verdict);
    const silent = verdictOf(plain, flag, id);
    expect(['open', 'ruled-out'], `in a plain proxy it is ${silent}`).toContain(silent);
  });

  it('of the usual protocol is ruled out only where HTTP/2 alone is spoken', () => {
    const http2 = routed({}, { http2_protocol_options: { max_concurrent_streams: 5 } });
    expect(verdictOf(plain, 'UPE', 'upstream-protocol-http1')).toBe('possible');
    expect(verdictOf(http2, 'UPE', 'upstream-protocol-http1')).toBe('ruled-out');
  });

  it('is known for every flag', () => {
    for (const { code } of RESPONSE_FLAGS) expect(causes(code, plain), code).not.toEqual([]);
  });

  it('is cited where it stands', () => {
    const [first] = causes('FI', filtered(fault({ abort: { http_status: 418, ...always } })));
    expect(first?.places[0]?.evidence[0]).toMatchObject({ raw: '{"http_status":418,"percentage":{"numerator":100}}' });
  });
});

describe('the order', () => {
  it('is found, possible, open, ruled out', () => {
    const order = ['found', 'possible', 'open', 'ruled-out'];
    const places = causes('UH,UF,UC', bookinfoProxy('bookinfo/productpage-v1-abc')).map(({ verdict }) =>
      order.indexOf(verdict),
    );
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(places).toContain(0);
    expect(places).toContain(3);
  });

  it('follows the details where they are known', () => {
    const facts = smallProxy({ listeners: [httpListener([])] });
    expect(verdictOf(facts, 'NR', 'no-route', 'route_not_found')).toBe('found');
    expect(verdictOf(facts, 'NR', 'no-route', 'filter_chain_not_found')).toBe('ruled-out');
  });
});

describe('what was not read', () => {
  it('rules out nothing', () => {
    const partial = { ...plain, config: { ...plain.config!, complete: false } };
    expect(causes('NC,NR', partial).map(({ verdict }) => verdict)).not.toContain('ruled-out');
    expect(causes('UH', { ...plain, config: null }).map(({ verdict }) => verdict)).not.toContain('ruled-out');
  });

  it('leaves open whether a cluster has hosts', () => {
    const eds = cluster('c', 0, { type: 'EDS', load_assignment: undefined });
    expect(verdictOf(smallProxy({ listeners: [httpListener([toC])], clusters: [eds] }), 'UH', 'cluster-empty')).toBe(
      'open',
    );
  });

  it('leaves open what the client names', () => {
    const bySni = listener('0.0.0.0', 80, {
      filter_chains: [chain([networkFilter('sni_cluster.v3.SniCluster'), tcpProxy('c')])],
    });
    const facts = smallProxy({ listeners: [bySni], clusters: [cluster('c')] });
    expect(verdictOf(facts, 'NC', 'route-cluster-missing')).toBe('open');
  });
});

describe('flags', () => {
  it.each([
    ['nr', ['NR']],
    ['UF,URX', ['UF', 'URX']],
    ['UpstreamConnectionFailure, URX', ['UF', 'URX']],
    ['UF,UF', ['UF']],
  ])('%j are read', (text, codes) => {
    expect(readFlags(text).map(({ code }) => code)).toEqual(codes);
  });

  it.each(['XX', '', 'UF,XX'])('%j are none', (text) => {
    expect(() => readFlags(text)).toThrow(/flag/);
  });
});
