import { parseEnvoyServerInfo } from '../../../../src/parse/envoy/admin.ts';
import { describe, expect, it } from 'vitest';
import type { EnvoyFacts } from '../../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import {
  chain,
  cluster,
  httpFilter,
  httpListener,
  listener,
  networkFilter,
  smallProxy,
  tcpProxy,
} from './small-proxy.ts';
import { direct, expectComplete, http, summary } from './snapshot.ts';

const MYSTERY = { mystery_of_tomorrow: { x: 1 } };
const TO_C = { match: { prefix: '/' }, route: { cluster: 'c' } };
const TYPE = 'type.googleapis.com/envoy.extensions';

function ends(facts: EnvoyFacts, headers: Readonly<Record<string, string>> = {}): string[] {
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/', headers)));
  expectComplete(outcomes);
  return outcomes.map(summary);
}

const proxy = (one: object, ...clusters: readonly object[]): EnvoyFacts =>
  smallProxy({ listeners: [one], clusters: clusters.length === 0 ? [cluster('c')] : clusters });
const routed = (...routes: readonly object[]): EnvoyFacts => proxy(httpListener(routes));
const filtered = (...filters: readonly object[]): EnvoyFacts => proxy(httpListener([TO_C], {}, filters));
const rbac = (rules: object): object => httpFilter('rbac.v3.RBAC', { rules });
const policy = (permission: object, principal: object = { any: true }): object => ({
  policies: { p: { permissions: [permission], principals: [principal] } },
});

it('passes without anything unknown', () => {
  expect(ends(routed(TO_C))).toEqual(['1 c 10.0.0.1:80']);
  // Filter state that no filter sets is absent, as generated configurations show (test/conformance/envoy).
  const byState = { prefix: '/', filter_state: [{ key: 'team', string_match: { prefix: '' } }] };
  expect(ends(routed({ match: byState, direct_response: { status: 200 } }, TO_C))).toEqual(['1 c 10.0.0.1:80']);
});

// Law 2: a field, type or kind that has no rule is never taken to match, not to match, or to be harmless.
describe('is undetermined where it depends on something unknown:', () => {
  it.each<[string, EnvoyFacts]>([
    ['a field of the listener', proxy(listener('0.0.0.0', 80, MYSTERY))],
    [
      'a field of the filter chain',
      proxy(listener('0.0.0.0', 80, { filter_chains: [chain([tcpProxy('c')], MYSTERY)] })),
    ],
    [
      'a field of a filter chain match',
      proxy(listener('0.0.0.0', 80, { filter_chains: [chain([tcpProxy('c')], { filter_chain_match: MYSTERY })] })),
    ],
    ['a matcher of filter chains', proxy(listener('0.0.0.0', 80, { filter_chain_matcher: { on_no_match: {} } }))],
    [
      'a network filter',
      proxy(listener('0.0.0.0', 80, { filter_chains: [chain([networkFilter('mystery.v3.Mystery'), tcpProxy('c')])] })),
    ],
    ['a field of the TCP proxy', proxy(listener('0.0.0.0', 80, { filter_chains: [chain([tcpProxy('c', MYSTERY)])] }))],
    [
      'a transport socket',
      proxy(
        listener('0.0.0.0', 80, {
          filter_chains: [chain([tcpProxy('c')], { transport_socket: { name: 'x', typed_config: { '@type': 'x' } } })],
        }),
      ),
    ],
    ['a field of the connection manager', proxy(httpListener([TO_C], MYSTERY))],
    ['scoped routes', proxy(httpListener([TO_C], { route_config: undefined, scoped_routes: { name: 's' } }))],
    [
      'a field of the route configuration',
      proxy(
        httpListener([TO_C], { route_config: { virtual_hosts: [{ domains: ['*'], routes: [TO_C] }], ...MYSTERY } }),
      ),
    ],
    [
      'a field of the virtual host',
      proxy(
        httpListener([TO_C], { route_config: { virtual_hosts: [{ domains: ['*'], routes: [TO_C], ...MYSTERY }] } }),
      ),
    ],
    ['virtual hosts on demand', proxy(httpListener([], { route_config: { vhds: {} } }))],
    [
      'a field of a match before',
      routed({ match: { prefix: '/', ...MYSTERY }, direct_response: { status: 200 } }, TO_C),
    ],
    [
      'a path matcher before',
      routed({ match: { path_match_policy: { name: 'x' } }, direct_response: { status: 200 } }, TO_C),
    ],
    [
      'dynamic metadata before',
      routed(
        { match: { prefix: '/', dynamic_metadata: [{ filter: 'f', ...MYSTERY }] }, direct_response: { status: 200 } },
        TO_C,
      ),
    ],
    [
      "filter state of Envoy's own before",
      routed(
        {
          match: {
            prefix: '/',
            filter_state: [{ key: 'envoy.network.application_protocols', string_match: { exact: 'h2' } }],
          },
          direct_response: { status: 200 },
        },
        TO_C,
      ),
    ],
    [
      'a header matcher before',
      routed(
        { match: { prefix: '/', headers: [{ name: ':path', ...MYSTERY }] }, direct_response: { status: 200 } },
        TO_C,
      ),
    ],
    [
      'a custom string matcher before',
      routed(
        {
          match: { prefix: '/', headers: [{ name: ':path', string_match: { custom: {} } }] },
          direct_response: { status: 200 },
        },
        TO_C,
      ),
    ],
    [
      'a header that the proxy sets',
      routed(
        {
          match: { prefix: '/', headers: [{ name: 'x-request-id', present_match: true }] },
          direct_response: { status: 200 },
        },
        TO_C,
      ),
    ],
    ['a field of the route', routed({ ...TO_C, ...MYSTERY })],
    ['a field of the action', routed({ match: { prefix: '/' }, route: { cluster: 'c', ...MYSTERY } })],
    ['a cluster specifier plugin', routed({ match: { prefix: '/' }, route: { cluster_specifier_plugin: 'x' } })],
    [
      'weights by hash',
      routed({
        match: { prefix: '/' },
        route: { weighted_clusters: { clusters: [{ name: 'c', weight: 1 }], use_hash_policy: true } },
      }),
    ],
    ['an action of another kind', routed({ match: { prefix: '/' }, mystery_action: {} })],
    ['an HTTP filter', filtered(httpFilter('mystery.v3.Mystery'))],
    ['a Lua script', filtered(httpFilter('lua.v3.Lua', { default_source_code: { inline_string: '' } }))],
    ['external authorization', filtered(httpFilter('ext_authz.v3.ExtAuthz'))],
    ['a field of a local rate limit', filtered(httpFilter('local_ratelimit.v3.LocalRateLimit', MYSTERY))],
    ['a filter that is discovered and not in the dump', filtered({ name: 'x', config_discovery: {} })],
    ['a field of RBAC', filtered(httpFilter('rbac.v3.RBAC', { rules: {}, ...MYSTERY }))],
    ['a kind of matcher', filtered(httpFilter('rbac.v3.RBAC', { matcher: MYSTERY }))],
    [
      'an input of a matcher',
      filtered(
        httpFilter('rbac.v3.RBAC', {
          matcher: { matcher_tree: { input: { typed_config: { '@type': 'x/y' } }, exact_match_map: { map: {} } } },
        }),
      ),
    ],
    [
      'a matcher that goes on after its action',
      filtered(
        httpFilter('rbac.v3.RBAC', { matcher: { on_no_match: { keep_matching: true, action: { typed_config: {} } } } }),
      ),
    ],
    [
      'the action of a matcher',
      filtered(
        httpFilter('rbac.v3.RBAC', { matcher: { on_no_match: { action: { typed_config: { '@type': 'x/y' } } } } }),
      ),
    ],
    ['a permission of RBAC', filtered(rbac(policy({ metadata: {} })))],
    [
      'a principal of RBAC',
      filtered(rbac(policy({ any: true }, { filter_state: { key: 'envoy.tcp_proxy.cluster' } }))),
    ],
    [
      'a condition of RBAC',
      filtered(rbac({ policies: { p: { permissions: [{ any: true }], principals: [{ any: true }], condition: {} } } })),
    ],
    ['a fault of runtime', filtered(httpFilter('fault.v3.HTTPFault', { abort: { http_status: 500 }, ...MYSTERY }))],
    ['a field of the cluster', proxy(httpListener([TO_C]), cluster('c', 1, MYSTERY))],
    [
      'a cluster of another type',
      proxy(httpListener([TO_C]), { name: 'c', cluster_type: { name: 'envoy.clusters.mystery' } }),
    ],
    ['endpoints that no dump shows', proxy(httpListener([TO_C]), { name: 'c', type: 'EDS' })],
    ['health that no dump shows', proxy(httpListener([TO_C]), cluster('c', 1, { health_checks: [{}] }))],
    [
      'a load balancing policy',
      proxy(
        httpListener([TO_C]),
        cluster('c', 2, {
          load_balancing_policy: {
            policies: [
              {
                typed_extension_config: {
                  typed_config: { '@type': `${TYPE}.load_balancing_policies.mystery.v3.Mystery` },
                },
              },
            ],
          },
        }),
      ),
    ],
    [
      'a matcher of transport sockets',
      proxy(httpListener([TO_C]), cluster('c', 1, { transport_socket_matcher: { '@type': 'x' } })),
    ],
    [
      'a field of TLS to hosts',
      proxy(
        httpListener([TO_C]),
        cluster('c', 1, {
          transport_socket: {
            name: 'x',
            typed_config: { '@type': `${TYPE}.transport_sockets.tls.v3.UpstreamTlsContext`, mystery: true },
          },
        }),
      ),
    ],
    ['an answer that may be mapped', proxy(httpListener([], { local_reply_config: { mappers: [{}] } }))],
    [
      'a network filter of the cluster',
      proxy(httpListener([TO_C]), cluster('c', 1, { filters: [{ name: 'x', typed_config: { '@type': 'x' } }] })),
    ],
    [
      'a filter of the router',
      proxy(
        httpListener([TO_C], {
          http_filters: [httpFilter('router.v3.Router', { upstream_http_filters: [{ name: 'x' }] })],
        }),
      ),
    ],
    [
      'a host on a pipe',
      proxy(
        httpListener([TO_C]),
        cluster('c', 0, {
          load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: '/x' } } } }] }] },
        }),
      ),
    ],
    [
      'a runtime layer that no dump shows',
      smallProxy({
        listeners: [
          httpListener([
            {
              match: { prefix: '/', runtime_fraction: { default_value: { numerator: 100 }, runtime_key: 'k' } },
              route: { cluster: 'c' },
            },
          ]),
        ],
        clusters: [cluster('c')],
        bootstrap: { layered_runtime: { layers: [{ name: 'r', rtds_layer: {} }] } },
      }),
    ],
  ])('%s', (_, facts) => {
    expect(ends(facts)).toEqual([expect.stringMatching(/^1 undetermined: \S/)]);
  });
});

describe('is decided beside something unknown', () => {
  it.each<[string, EnvoyFacts, string]>([
    [
      'by a matcher that says no',
      routed({ match: { prefix: '/other', ...MYSTERY }, direct_response: { status: 200 } }, TO_C),
      '1 c 10.0.0.1:80',
    ],
    ['by a route before', routed(TO_C, { match: MYSTERY }), '1 c 10.0.0.1:80'],
    [
      'by RBAC that denies whatever the rest says',
      filtered(
        rbac({
          action: 'DENY',
          policies: {
            a: { permissions: [{ metadata: {} }], principals: [{ any: true }] },
            b: { permissions: [{ any: true }], principals: [{ any: true }] },
          },
        }),
      ),
      '1 403 - -',
    ],
    [
      'by a permission that cannot hold',
      filtered(
        rbac({
          action: 'DENY',
          policies: {
            p: {
              permissions: [{ and_rules: { rules: [{ metadata: {} }, { destination_port: 81 }] } }],
              principals: [{ any: true }],
            },
          },
        }),
      ),
      '1 c 10.0.0.1:80',
    ],
    [
      'by a filter that the route switches off',
      proxy(
        httpListener(
          [
            {
              ...TO_C,
              typed_per_filter_config: {
                lua: { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true },
              },
            },
          ],
          {},
          [httpFilter('lua.v3.Lua')],
        ),
      ),
      '1 c 10.0.0.1:80',
    ],
    ['by a filter that is off', filtered(httpFilter('lua.v3.Lua', {}, { disabled: true })), '1 c 10.0.0.1:80'],
  ])('%s', (_, facts, expected) => {
    expect(ends(facts)).toEqual([expected]);
  });
});

it('does not claim that a cluster is missing when the dump is not complete', () => {
  const facts = routed({ match: { prefix: '/' }, route: { cluster: 'nosuch' } });
  expect(ends(facts)).toEqual(['1 503 NC cluster_not_found']);
  expect(ends({ ...facts, config: { ...facts.config!, complete: false } })).toEqual([
    '1 undetermined: cluster nosuch is not in this part of a config_dump',
  ]);
});

it('does not take a proxy for serving that is not live', () => {
  const { value: serverInfo } = parseEnvoyServerInfo({
    name: 's',
    capturedAt: null,
    bytes: Buffer.from('{"state":"INITIALIZING","command_line_options":{}}'),
  });
  expect(ends({ ...routed(TO_C), serverInfo })).toEqual([
    '1 undetermined: the proxy is not live: its state is INITIALIZING',
  ]);
});

describe('headers with underscores', () => {
  const asked = (action: string, headers: Record<string, string>): string[] =>
    ends(
      proxy(httpListener([TO_C], { common_http_protocol_options: { headers_with_underscores_action: action } })),
      headers,
    );

  it.each([
    ['ALLOW', { x_y: '1' }, /^1 c 10.0.0.1:80$/],
    ['REJECT_REQUEST', {}, /^1 c 10.0.0.1:80$/],
    ['REJECT_REQUEST', { x_y: '1' }, /^1 400 DPE http1.unexpected_underscore$/],
    ['ANOTHER', { x_y: '1' }, /^1 undetermined: what the listener does with an underscore/],
  ])('%s %o', (action, headers, expected) => {
    expect(asked(action, headers)[0]).toMatch(expected);
  });
});

it('answers 404 when RDS has not delivered the routes', () => {
  const rds = { route_config: undefined, rds: { route_config_name: 'r' } };
  expect(ends(proxy(httpListener([], rds)))).toEqual(['1 404 NR route_not_found']);
});

it('bounds the branches of a hostile configuration', () => {
  const clusters = Array.from({ length: 300 }, (_, index) =>
    cluster(`c${index}`, 0, {
      load_assignment: {
        endpoints: [
          {
            lb_endpoints: Array.from({ length: 200 }, (__, number) => ({
              endpoint: { address: { socket_address: { address: `10.0.${index % 250}.${number}`, port_value: 1 } } },
            })),
          },
        ],
      },
    }),
  );
  const action = {
    weighted_clusters: { clusters: clusters.map((one) => ({ name: (one as { name: string }).name, weight: 1 })) },
  };
  const facts = proxy(httpListener([{ match: { prefix: '/' }, route: action }]), ...clusters);
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/')));
  expectComplete(outcomes);
  expect(outcomes.length).toBeLessThan(21_000);
  expect(outcomes.some(({ end }) => end.kind === 'undetermined')).toBe(true);
});
