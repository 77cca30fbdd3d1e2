import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { EnvoyFacts, EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import type { HttpRequest } from '../../../../../src/model/request.ts';
import { unsignedToken } from '../../../../tokens.ts';
import { cluster, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';
const THROUGH = '1 c 10.0.0.1:80';
const GET = http('GET', 'h', '/');

/** A proxy whose one route leads to cluster c, with the filter before the router. */
function filtered(filter: object, override: object = {}, match: object = { prefix: '/' }): EnvoyFacts {
  const route = { match, route: { cluster: 'c' }, typed_per_filter_config: override };
  const listener = httpListener([route], {}, [filter]);
  return smallProxy({ listeners: [listener], clusters: [cluster('c'), cluster('empty', 0)] });
}

function ask(facts: EnvoyFacts, request: HttpRequest = GET): EnvoyOutcome[] {
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
  expectComplete(outcomes);
  return outcomes;
}

describe('local rate limit', () => {
  const always = { default_value: { numerator: 100 } };
  const half = { default_value: { numerator: 50 } };
  const bucket = { token_bucket: { max_tokens: 5, fill_interval: '60s' } };
  const limit = (more: object): object => httpFilter('local_ratelimit.v3.LocalRateLimit', { ...bucket, ...more });

  it.each<[string, object, string[]]>([
    ['does nothing unless it is enabled', {}, [THROUGH]],
    ['does nothing unless it is enforced', { filter_enabled: always }, [THROUGH]],
    [
      'passes or answers as its bucket has it',
      { filter_enabled: always, filter_enforced: always },
      [THROUGH, '1 429 RL local_rate_limited'],
    ],
    [
      'for a part of requests',
      { filter_enabled: always, filter_enforced: half },
      ['0.5 c 10.0.0.1:80', '0.5 429 RL local_rate_limited', '0.5 c 10.0.0.1:80'],
    ],
    [
      'answers with its own status, as the dump names it',
      { filter_enabled: always, filter_enforced: always, status: { code: 'ServiceUnavailable' } },
      [THROUGH, '1 503 RL local_rate_limited'],
    ],
    [
      'answers with 429 where its status is no error',
      { filter_enabled: always, filter_enforced: always, status: { code: 'OK' } },
      [THROUGH, '1 429 RL local_rate_limited'],
    ],
  ])('%s', (_, config, expected) => {
    expect(ask(filtered(limit(config))).map(summary)).toEqual(expected);
  });

  it('tells which bucket is supposed to be empty', () => {
    const outcomes = ask(filtered(limit({ filter_enabled: always, filter_enforced: always })));
    expect(outcomes.map(({ conditions }) => conditions.map(({ value, subject }) => [value, subject]))).toEqual([
      [[true, { kind: 'limit', rate: 'of local_ratelimit (5 tokens, refilled every 60s)' }]],
      [[false, { kind: 'limit', rate: 'of local_ratelimit (5 tokens, refilled every 60s)' }]],
    ]);
  });
});

describe('buffer', () => {
  const buffer = httpFilter('buffer.v3.Buffer', { max_request_bytes: 10 });
  const off = { buffer: { '@type': `${TYPE}.buffer.v3.BufferPerRoute`, disabled: true } };
  const more = { buffer: { '@type': `${TYPE}.buffer.v3.BufferPerRoute`, buffer: { max_request_bytes: 20 } } };
  const sized = (length: string): HttpRequest => http('POST', 'h', '/', { 'content-length': length });

  it.each<[string, object, HttpRequest, string]>([
    ['no body', {}, GET, THROUGH],
    ['a body that fits', {}, sized('10'), THROUGH],
    ['one that is too large', {}, sized('11'), '1 413 - request_payload_too_large'],
    ['one that fits on this route', more, sized('11'), THROUGH],
    ['any on a route that switches it off', off, sized('11'), THROUGH],
    [
      'a body of unknown length',
      {},
      http('POST', 'h', '/', { 'transfer-encoding': 'chunked' }),
      '1 undetermined: how long the body of the request is is not known',
    ],
  ])('%s', (_, override, request, expected) => {
    expect(ask(filtered(buffer, override), request).map(summary)).toEqual([expected]);
  });
});

it('does not say whether the body of a delayed request is too large', () => {
  const delay = { fixed_delay: '0.01s', percentage: { numerator: 100 } };
  const filters = [
    httpFilter('fault.v3.HTTPFault', { delay }),
    httpFilter('buffer.v3.Buffer', { max_request_bytes: 10 }),
  ];
  const route = { match: { prefix: '/' }, route: { cluster: 'c' } };
  const facts = smallProxy({ listeners: [httpListener([route], {}, filters)], clusters: [cluster('c')] });
  expect(ask(facts, http('POST', 'h', '/', { 'content-length': '11' })).map(summary)).toEqual([
    '1 undetermined: whether the body of a delayed request is counted depends on when it arrives',
  ]);
  expect(ask(facts, http('POST', 'h', '/', { 'content-length': '10' })).map(summary)).toEqual([THROUGH]);
});

describe('external authorization', () => {
  const authz = (service: string, more: object = {}): object =>
    httpFilter('ext_authz.v3.ExtAuthz', {
      http_service: { server_uri: { uri: 'http://a', cluster: service, timeout: '1s' } },
      ...more,
    });
  const asked = '1 undetermined: HTTP filter ext_authz: an external authorization service decides';
  const off = { ext_authz: { '@type': `${TYPE}.ext_authz.v3.ExtAuthzPerRoute`, disabled: true } };

  it.each<[string, object, object, string]>([
    ['a service that is there', authz('c'), {}, asked],
    ['one without hosts', authz('empty'), {}, '1 403 UAEX ext_authz_error'],
    [
      'its status for errors',
      authz('empty', { status_on_error: { code: 'BadGateway' } }),
      {},
      '1 502 UAEX ext_authz_error',
    ],
    ['one without hosts, failing open', authz('empty', { failure_mode_allow: true }), {}, THROUGH],
    ['a route that switches it off', authz('c'), off, THROUGH],
    ['a part of requests', authz('c', { filter_enabled: { default_value: { numerator: 50 } } }), {}, asked],
    ['no requests', authz('c', { filter_enabled: { default_value: {} } }), {}, THROUGH],
  ])('%s', (_, filter, override, expected) => {
    expect(ask(filtered(filter, override)).map(summary)).toEqual([expected]);
  });

  // What the names of the metadata and of the policies are: Istio's pilot/pkg/security/authz/builder (CUSTOM action).
  const POLICY = 'istio_ext_authz_shadow_effective_policy_id';
  const byPath = (prefix: string): object => ({
    permissions: [{ url_path: { path: { prefix } } }],
    principals: [{ any: true }],
  });
  const shadow = (list: object): object =>
    httpFilter('rbac.v3.RBAC', {
      shadow_rules_stat_prefix: 'istio_ext_authz_',
      shadow_rules: { action: 'DENY', policies: list },
    });
  const custom = { 'istio-ext-authz-ns[a]-policy[p]-rule[0]': byPath('/asked') };
  const asking = (key: string, more: object = {}): object =>
    authz('c', {
      filter_enabled_metadata: {
        filter: 'envoy.filters.http.rbac',
        path: [{ key }],
        value: { string_match: { prefix: 'istio-ext-authz' } },
        ...more,
      },
    });
  const header = { header: { name: 'x-request-id', string_match: { exact: 'a' } } };

  it.each<[string, readonly object[], string, string]>([
    ['the policy matches', [shadow(custom), asking(POLICY)], '/asked', asked],
    ['no policy matches', [shadow(custom), asking(POLICY)], '/', THROUGH],
    ['a policy of another name matches', [shadow({ other: byPath('/asked') }), asking(POLICY)], '/asked', THROUGH],
    ['no filter before it has shadow rules', [asking(POLICY)], '/asked', THROUGH],
    ['the condition is inverted', [shadow(custom), asking(POLICY, { invert: true })], '/', asked],
    [
      'it is not known whether the policy matches',
      [shadow({ 'istio-ext-authz': { permissions: [{ any: true }], principals: [header] } }), asking(POLICY)],
      '/asked',
      '1 undetermined: the proxy sets the header x-request-id',
    ],
    [
      'it asks for metadata of another filter',
      [asking(POLICY, { filter: 'other' })],
      '/',
      '1 undetermined: whether a filter has set the metadata that ext_authz asks for is not known',
    ],
    [
      'it asks for what enforced rules note',
      [shadow(custom), asking('enforced_effective_policy_id')],
      '/',
      '1 undetermined: whether a filter has set the metadata that ext_authz asks for is not known',
    ],
  ])('asks where shadow rules say so: %s', (_, filters, path, expected) => {
    const route = { match: { prefix: '/' }, route: { cluster: 'c' } };
    const facts = smallProxy({ listeners: [httpListener([route], {}, filters)], clusters: [cluster('c')] });
    expect(ask(facts, http('GET', 'h', path)).map(summary)).toEqual([expected]);
  });

  it('is not asked about a request without a route', () => {
    const facts = filtered(authz('c'), {}, { path: '/other' });
    expect(ask(facts).map(summary)).toEqual(['1 404 NR route_not_found']);
  });
});

describe('JWT authentication', () => {
  const ANY = { prefix: '/' };
  const jwt = (requires: object, match: object = ANY): object =>
    httpFilter('jwt_authn.v3.JwtAuthentication', {
      providers: { p: { issuer: 'p' }, q: { from_headers: [{ name: 'X-Token' }], from_params: ['t'] } },
      requirement_map: { named: { provider_name: 'p' } },
      rules: [{ match, ...requires }],
      bypass_cors_preflight: true,
    });
  const p = { provider_name: 'p' };
  const missing = { allow_missing: {} };
  const perRoute = (more: object): object => ({
    jwt_authn: { '@type': `${TYPE}.jwt_authn.v3.PerRouteConfig`, ...more },
  });
  const q = { provider_name: 'q' };
  const DENIED = '1 401 - jwt_authn_access_denied{Jwt_is_missing}';
  const MALFORMED =
    '1 401 - jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}';
  const SOME = unsignedToken({});
  const TIMED = unsignedToken({ exp: 1 });
  const open = (why: string): string => `1 undetermined: ${why}`;

  it.each<[string, object, object, HttpRequest, string]>([
    [
      'one of several, none there',
      jwt({ requires: { requires_any: { requirements: [p, missing] } } }),
      {},
      GET,
      THROUGH,
    ],
    [
      'all of several, none there',
      jwt({ requires: { requires_all: { requirements: [p, missing] } } }),
      {},
      GET,
      DENIED,
    ],
    ['by name', jwt({ requirement_name: 'named' }), {}, GET, DENIED],
    ['a rule without requirement', jwt({}), {}, GET, THROUGH],
    [
      'a token where another provider looks',
      jwt({ requires: p }),
      {},
      http('GET', 'h', '/', { 'x-token': 'a' }),
      DENIED,
    ],
    ['a token in a header', jwt({ requires: q }), {}, http('GET', 'h', '/', { 'x-token': 'a' }), MALFORMED],
    ['a token among the parameters', jwt({ requires: q }), {}, http('GET', 'h', '/?t=a.b.c.d'), MALFORMED],
    ['two tokens', jwt({ requires: q }), {}, http('GET', 'h', '/?t=a', { 'x-token': 'a' }), MALFORMED],
    [
      'a token whose key is not known',
      jwt({ requires: q }),
      {},
      http('GET', 'h', `/?t=${SOME}`),
      open('whether the token is signed by a key that the proxy has is not known'),
    ],
    [
      'a token whose time is measured by no clock',
      jwt({ requires: q }),
      {},
      http('GET', 'h', `/?t=${TIMED}`),
      open('the token is valid for a time, and the dump does not tell when it was captured'),
    ],
    ['a parameter that nobody reads', jwt({ requires: p }), {}, http('GET', 'h', '/?x=1'), DENIED],
    ['a route that switches it off', jwt({ requires: p }), perRoute({ disabled: true }), GET, THROUGH],
    ['a route that requires it', jwt({}), perRoute({ requirement_name: 'named' }), GET, DENIED],
    [
      'a preflight',
      jwt({ requires: p }),
      {},
      http('OPTIONS', 'h', '/', { origin: 'o', 'access-control-request-method': 'GET' }),
      THROUGH,
    ],
    // Envoy's own matcher here looks at nothing else of a RouteMatch.
    [
      'a rule for gRPC and TLS',
      jwt({ requires: p }, { ...ANY, grpc: {}, tls_context: { presented: true } }),
      {},
      GET,
      DENIED,
    ],
  ])('%s', (_, filter, override, request, expected) => {
    expect(ask(filtered(filter, override), request).map(summary)).toEqual([expected]);
  });
});

it.each<[string, object]>([
  ['a Lua filter without a script', httpFilter('lua.v3.Lua')],
  ['a rate limit that no route asks for', httpFilter('ratelimit.v3.RateLimit', { domain: 'd' })],
  ['compression', httpFilter('compressor.v3.Compressor')],
])('lets a request pass: %s', (_, filter) => {
  expect(ask(filtered(filter)).map(summary)).toEqual([THROUGH]);
});

describe('a fault that headers ask for', () => {
  const fault = httpFilter('fault.v3.HTTPFault', { abort: { header_abort: {}, percentage: { numerator: 60 } } });
  it.each<[string, Record<string, string>, string[]]>([
    ['none does', {}, [THROUGH]],
    ['no number', { 'x-envoy-fault-abort-request': 'x' }, [THROUGH]],
    ['a status', { 'x-envoy-fault-abort-request': '418' }, ['0.6 418 FI fault_filter_abort', '0.4 c 10.0.0.1:80']],
    [
      'for fewer requests',
      { 'x-envoy-fault-abort-request': '418', 'x-envoy-fault-abort-request-percentage': '10' },
      ['0.1 418 FI fault_filter_abort', '0.9 c 10.0.0.1:80'],
    ],
    [
      'for no more requests than configured',
      { 'x-envoy-fault-abort-request': '418', 'x-envoy-fault-abort-request-percentage': '90' },
      ['0.6 418 FI fault_filter_abort', '0.4 c 10.0.0.1:80'],
    ],
  ])('%s', (_, headers, expected) => {
    expect(ask(filtered(fault), http('GET', 'h', '/', headers)).map(summary)).toEqual(expected);
  });
});

describe('dynamic forward proxy', () => {
  const forward = httpFilter('dynamic_forward_proxy.v3.FilterConfig', { dns_cache_config: { name: 'd' } });
  const dynamic = (more: object = {}): object => ({
    name: 'dynamic',
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        dns_cache_config: { name: 'd' },
      },
    },
    ...more,
  });
  const tls = {
    transport_socket: {
      name: 'tls',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      },
    },
  };
  const facts = (action: object, filters: readonly object[] = [forward], clusters = [dynamic()]): EnvoyFacts =>
    smallProxy({
      listeners: [httpListener([{ match: { prefix: '/' }, route: action }], {}, filters)],
      clusters: [...clusters, cluster('c')],
    });
  const to = { cluster: 'dynamic' };
  const open = 'undetermined: no filter of the dynamic forward proxy has resolved the host';

  it.each<[string, EnvoyFacts, string, string[]]>([
    ['an address', facts(to), '192.0.2.1:81', ['1 dynamic 192.0.2.1:81']],
    ['an address of IPv6 without a port', facts(to), '[2001:db8::1]', ['1 dynamic 2001:db8::1:80']],
    ['a name', facts(to), 'h', ['1 dynamic h:80', '1 503 DF -']],
    ['a name, over TLS', facts(to, [forward], [dynamic(tls)]), 'h', ['1 dynamic h:443', '1 503 DF -']],
    ['another cluster', facts({ cluster: 'c' }), 'h', [THROUGH]],
    ['no filter that resolves', facts(to, []), 'h', [`1 ${open}`]],
    ['a route with a host of its own', facts({ ...to, host_rewrite_literal: 'x' }), '192.0.2.1', [`1 ${open}`]],
    [
      'one of two clusters',
      facts({
        weighted_clusters: {
          clusters: [
            { name: 'dynamic', weight: 1 },
            { name: 'c', weight: 3 },
          ],
        },
      }),
      '192.0.2.1',
      ['0.25 dynamic 192.0.2.1:80', '0.75 c 10.0.0.1:80'],
    ],
    ['no host that can be read', facts(to), 'a:b', ['1 undetermined: the host "a:b" is not one that is evaluated']],
  ])('%s', (_, proxy, host, expected) => {
    expect(ask(proxy, http('GET', host, '/')).map(summary)).toEqual(expected);
  });

  it('supposes that the name resolves, or that it does not', () => {
    const conditions = ask(facts(to)).map((outcome) =>
      outcome.conditions.map(({ value, subject }) => [value, subject]),
    );
    const subject = { kind: 'resolves', name: 'h' };
    expect(conditions).toEqual([[[true, subject]], [[false, subject]]]);
  });
});
