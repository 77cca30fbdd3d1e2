import { describe, expect, it } from 'vitest';
import type { EnvoyFacts, EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import type { HttpRequest } from '../../../../../src/model/request.ts';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { cluster, host, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const ANY = { match: { prefix: '/' } };

function ask(facts: EnvoyFacts, request: HttpRequest = http('GET', 'h', '/')): EnvoyOutcome[] {
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
  expectComplete(outcomes);
  return outcomes;
}

const proxy = (
  route: object,
  clusters: readonly object[] = [cluster('c')],
  more: object = {},
  filters: readonly object[] = [],
): EnvoyFacts => smallProxy({ listeners: [httpListener([route], more, filters)], clusters });

describe('rewrites', () => {
  it.each<[string, object, object, HttpRequest, Partial<HttpRequest>]>([
    ['a prefix', { prefix: '/a' }, { prefix_rewrite: '/b' }, http('GET', 'h', '/a/x?q'), { path: '/b/x?q' }],
    ['a whole path', { path: '/a' }, { prefix_rewrite: '/b' }, http('GET', 'h', '/a?q'), { path: '/b?q' }],
    [
      'what a regular expression matched',
      { safe_regex: { regex: '/a.*' } },
      { prefix_rewrite: '/b' },
      http('GET', 'h', '/a/x?q'),
      { path: '/b?q' },
    ],
    [
      'by a regular expression',
      { prefix: '/' },
      { regex_rewrite: { pattern: { regex: '/([a-z]+)/' }, substitution: '/\\1-x/' } },
      http('GET', 'h', '/a/b/c?q/r/'),
      { path: '/a-x/b/c?q/r/' },
    ],
    ['the host', { prefix: '/' }, { host_rewrite_literal: 'new' }, http('GET', 'h', '/'), { authority: 'new' }],
    [
      'the host by a header',
      { prefix: '/' },
      { host_rewrite_header: 'X-Host' },
      http('GET', 'h', '/', { 'x-host': 'new' }),
      { authority: 'new' },
    ],
    [
      'nothing where that header is missing',
      { prefix: '/' },
      { host_rewrite_header: 'X-Host' },
      http('GET', 'h', '/'),
      { authority: 'h' },
    ],
    [
      'the host to that of the endpoint',
      { prefix: '/' },
      { auto_host_rewrite: true },
      http('GET', 'h', '/'),
      { authority: 'endpoint.example' },
    ],
  ])('%s', (_, match, action, request, expected) => {
    const one = cluster('c', 0, {
      load_assignment: {
        endpoints: [
          {
            lb_endpoints: [
              {
                endpoint: {
                  hostname: 'endpoint.example',
                  address: { socket_address: { address: '10.0.0.1', port_value: 80 } },
                },
              },
            ],
          },
        ],
      },
    });
    const [outcome] = ask(proxy({ match, route: { cluster: 'c', ...action } }, [one]), request);
    expect(outcome!.end).toMatchObject({ kind: 'upstream', request: { http: expected } });
  });

  // As Envoy 1.39.3 and 1.40.0 did with `/reviews;v=1/x`, prefix `/reviews/` and rewrite `/new`.
  it.each([
    [39, '/newv=1/x'],
    [40, '/reviews;v=1/x'],
  ])('what begins with the prefix without its parameters alone, in Envoy 1.%i', (minor_number, path) => {
    const route = { match: { prefix: '/reviews/' }, route: { cluster: 'c', prefix_rewrite: '/new' } };
    const hosts = [{ name: 'v', domains: ['*'], routes: [route] }];
    const table = { name: 'r', virtual_hosts: hosts, ignore_path_parameters_in_path_matching: true };
    const version = { version: { major_number: 1, minor_number } };
    const facts = smallProxy({
      listeners: [httpListener([], { route_config: table })],
      clusters: [cluster('c')],
      bootstrap: { node: { user_agent_name: 'envoy', user_agent_build_version: version } },
    });
    const [outcome] = ask(facts, http('GET', 'h', '/reviews;v=1/x'));
    expect(outcome!.end).toMatchObject({ kind: 'upstream', request: { http: { path } } });
  });

  it('headers of every level, and tells which it cannot know', () => {
    const add = (key: string, value: string, append_action?: string): object => ({
      header: { key, value },
      ...(append_action === undefined ? {} : { append_action }),
    });
    const route = {
      ...ANY,
      route: { cluster: 'c' },
      request_headers_to_add: [
        add('X-Set', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
        add('x-format', '%REQ(x)%'),
        add('x-keep', 'other', 'ADD_IF_ABSENT'),
      ],
      request_headers_to_remove: ['x-gone'],
    };
    const [outcome] = ask(proxy(route), http('GET', 'h', '/', { 'x-set': 'old', 'x-gone': '1', 'x-keep': 'mine' }));
    const sent = outcome!.end.kind === 'upstream' ? outcome!.end.request.http : null;
    expect(sent?.headers).toEqual([
      ['x-keep', 'mine'],
      ['x-forwarded-proto', 'http'],
      ['x-set', 'new'],
    ]);
    expect(sent?.unknownHeaders).toEqual(expect.arrayContaining(['x-format', 'x-request-id']));
  });
});

describe('answers of its own', () => {
  it.each<[string, object, string, string | null]>([
    [
      'a direct response',
      { direct_response: { status: 418, body: { inline_string: 'tea' } } },
      '1 418 - direct_response',
      'tea',
    ],
    ['a redirect', { redirect: { host_redirect: 'x' } }, '1 301 - direct_response', ''],
    [
      'a redirect of another code',
      { redirect: { response_code: 'PERMANENT_REDIRECT' } },
      '1 308 - direct_response',
      '',
    ],
    ['a missing cluster', { route: { cluster: 'x' } }, '1 503 NC cluster_not_found', ''],
    [
      'a missing cluster with a status',
      { route: { cluster: 'x', cluster_not_found_response_code: 'NOT_FOUND' } },
      '1 404 NC cluster_not_found',
      '',
    ],
    ['a missing header that names the cluster', { route: { cluster_header: 'x' } }, '1 503 NC cluster_not_found', ''],
    [
      'a cluster without endpoints',
      { route: { cluster: 'empty' } },
      '1 503 UH no_healthy_upstream',
      'no healthy upstream',
    ],
    ['a route that forwards nowhere', { non_forwarding_action: {} }, '1 503 NC cluster_not_found', ''],
  ])('%s', (_, action, expected, body) => {
    const [outcome] = ask(proxy({ ...ANY, ...action }, [cluster('empty', 0)]));
    expect(summary(outcome!)).toBe(expected);
    expect(outcome!.end).toMatchObject({ body, denied: false });
  });

  it('have status 200 for gRPC', () => {
    const [outcome] = ask(
      proxy({ ...ANY, route: { cluster: 'x' } }),
      http('POST', 'h', '/', { 'content-type': 'application/grpc+proto' }),
    );
    expect(outcome!.end).toMatchObject({ kind: 'reply', status: 200, flag: 'NC', body: null });
  });

  it('redirect to TLS by x-forwarded-proto', () => {
    const secured = (require_tls: string): EnvoyFacts =>
      smallProxy({
        listeners: [
          httpListener([], {
            route_config: {
              virtual_hosts: [{ domains: ['*'], require_tls, routes: [{ ...ANY, direct_response: { status: 200 } }] }],
            },
          }),
        ],
      });
    expect(ask(secured('ALL')).map(summary)).toEqual(['1 301 - direct_response']);
    expect(ask(secured('EXTERNAL_ONLY')).map(summary)).toEqual(['1 301 - direct_response']);
    expect(ask(secured('ALL'), http('GET', 'h', '/', { 'x-forwarded-proto': 'https' })).map(summary)).toEqual([
      '1 200 - direct_response',
    ]);
  });

  it.each<[string, object, HttpRequest, string]>([
    [
      'an upgrade',
      {},
      http('GET', 'h', '/', { connection: 'Upgrade', upgrade: 'websocket' }),
      '1 404 NR route_not_found',
    ],
    ['a CONNECT', {}, http('CONNECT', 'h:443', '/'), '1 404 NR route_not_found'],
    ['a CONNECT that a path would take', { prefix: '/' }, http('CONNECT', 'h:443', '/'), '1 404 NR route_not_found'],
    [
      'a gRPC CONNECT',
      {},
      http('CONNECT', 'h:443', '/', { 'content-type': 'application/grpc' }),
      '1 404 NR route_not_found',
    ],
    ['a CONNECT that has a route', { connect_matcher: {} }, http('CONNECT', 'h:443', '/'), '1 403 - upgrade_failed'],
    [
      'a CONNECT with a body',
      { connect_matcher: {} },
      http('CONNECT', 'h:443', '/', { 'content-length': '3' }),
      '1 400 DPE http1.body_disallowed',
    ],
  ])('%s that nobody allows (test/conformance/envoy/connect.test.ts)', (_, match, request, expected) => {
    const route = {
      match: 'prefix' in match || 'connect_matcher' in match ? match : { path: '/other' },
      route: { cluster: 'c' },
    };
    expect(ask(proxy(route), request).map(summary)).toEqual([expected]);
  });

  it('a CONNECT is judged by its headers as any request is', () => {
    const request = http('CONNECT', 'h:443', '/', { x_y: '1' });
    const route = {
      match: { connect_matcher: {} },
      route: { cluster: 'c', upgrade_configs: [{ upgrade_type: 'CONNECT' }] },
    };
    const told = (headers_with_underscores_action: string): string[] =>
      ask(
        proxy(route, [cluster('c')], { common_http_protocol_options: { headers_with_underscores_action } }),
        request,
      ).map(summary);
    expect(told('REJECT_REQUEST')).toEqual(['1 400 DPE http1.unexpected_underscore']);
    expect(told('DROP_HEADER')).toEqual(['1 c 10.0.0.1:80']);
  });

  it('a CONNECT goes on with its port, or as the bytes inside it', () => {
    const request = http('CONNECT', 'db.example:5432', '/');
    const sent = (upgrade: object): object | null => {
      const upgrade_configs = [{ upgrade_type: 'CONNECT', ...upgrade }];
      const route = { match: { connect_matcher: {} }, route: { cluster: 'c', upgrade_configs } };
      const [outcome] = ask(proxy(route, [cluster('c')], { strip_any_host_port: true }), request);
      return outcome?.end.kind === 'upstream' ? outcome.end.request.http : {};
    };
    expect(sent({})).toMatchObject({ method: 'CONNECT', authority: 'db.example:5432', path: '' });
    expect(sent({ connect_config: {} })).toBeNull();
  });

  it.each<[string, Partial<HttpRequest>, object, string]>([
    ['is the upgrade that it stands for', {}, { allow_connect: true }, '1 c 10.0.0.1:80'],
    ['is reset where it is not allowed', {}, {}, '1 close DPE http2.invalid.header.field'],
    ['of bytes is not evaluated', { protocol: 'bytestream' }, { allow_connect: true }, '1 undetermined'],
    ['is one over HTTP/2 alone', { version: 'http/1.1' }, { allow_connect: true }, '1 undetermined'],
    ['is a CONNECT', { method: 'GET' }, { allow_connect: true }, '1 undetermined'],
  ])('a CONNECT with a protocol %s', (_, more, http2_protocol_options, told) => {
    const manager = { http2_protocol_options, upgrade_configs: [{ upgrade_type: 'websocket' }] };
    const facts = proxy({ match: { prefix: '/chat' }, route: { cluster: 'c' } }, [cluster('c')], manager);
    const asked = http('CONNECT', 'h', '/chat');
    const outcomes = ask(facts, { ...asked, version: 'h2', protocol: 'websocket', ...more });
    expect(outcomes.map((outcome) => summary(outcome).replace(/(undetermined).*/, '$1'))).toEqual([told]);
  });

  it('an upgrade goes on as a CONNECT with a protocol over HTTP/2', () => {
    const version2 = { http2_protocol_options: {} };
    const manager = { upgrade_configs: [{ upgrade_type: 'websocket' }] };
    const facts = proxy({ match: { prefix: '/' }, route: { cluster: 'c' } }, [cluster('c', 1, version2)], manager);
    const request = http('GET', 'h', '/chat', { connection: 'Upgrade', upgrade: 'websocket', 'x-user': 'a' });
    const sent = ask(facts, request).map(({ end }) => (end.kind === 'upstream' ? end.request.http : null));
    const headers = [
      ['x-user', 'a'],
      ['x-forwarded-proto', 'http'],
    ];
    expect(sent).toMatchObject([{ method: 'CONNECT', protocol: 'websocket', path: '/chat', version: 'h2', headers }]);
  });

  it.each<[string, object, object, string]>([
    ['for five minutes', {}, {}, '408 SI stream_idle_timeout'],
    ['as long as the manager says', { stream_idle_timeout: '9s' }, {}, '408 SI stream_idle_timeout'],
    ['for as long as its client does', { stream_idle_timeout: '0s' }, {}, 'until its client ends it'],
    ['for as long as its client does, by the route', {}, { idle_timeout: '0s' }, 'until its client ends it'],
    ['as long as the route says', { stream_idle_timeout: '0s' }, { idle_timeout: '9s' }, '408 SI stream_idle_timeout'],
    ['up to one of several limits', { request_timeout: '9s' }, {}, 'which limit of time'],
    ['up to one of several limits, by the route', {}, { max_stream_duration: {} }, 'which limit of time'],
  ])('a buffer filter holds an upgrade %s', (_, manager, action, told) => {
    const filter = httpFilter('buffer.v3.Buffer', { max_request_bytes: 10 });
    const allowed = { upgrade_configs: [{ upgrade_type: 'websocket' }], ...manager };
    const request = http('GET', 'h', '/', { connection: 'Upgrade', upgrade: 'websocket', 'content-length': '0' });
    const facts = proxy({ match: { prefix: '/' }, route: { cluster: 'c', ...action } }, [cluster('c')], allowed, [
      filter,
    ]);
    const ends = ask(facts, request).map(({ end }) =>
      end.kind === 'reply' ? `${end.status} ${end.flag} ${end.detail}` : JSON.stringify(end),
    );
    expect(ends.join()).toContain(told);
  });

  it('refuse upgrades that are not allowed', () => {
    const request = http('GET', 'h', '/', { connection: 'Upgrade', upgrade: 'websocket' });
    const route = { ...ANY, route: { cluster: 'c' } };
    expect(ask(proxy(route), request).map(summary)).toEqual(['1 403 - upgrade_failed']);
    expect(
      ask(proxy(route, [cluster('c')], { upgrade_configs: [{ upgrade_type: 'websocket' }] }), request).map(summary),
    ).toEqual(['1 c 10.0.0.1:80']);
    const off = { ...ANY, route: { cluster: 'c', upgrade_configs: [{ upgrade_type: 'WebSocket', enabled: false }] } };
    expect(
      ask(proxy(off, [cluster('c')], { upgrade_configs: [{ upgrade_type: 'websocket' }] }), request).map(summary),
    ).toEqual(['1 403 - upgrade_failed']);
  });

  // As Envoy did it: 3 of 100,000 requests of test/conformance/envoy.
  it.each([
    ['websocket', '1 200 - direct_response'],
    ['CONNECT', '1 403 - upgrade_failed'],
  ])('take a CONNECT that asks to change to websocket for that, where %s is allowed', (allowed, told) => {
    const route = { match: { connect_matcher: {} }, direct_response: { status: 200 } };
    const facts = proxy(route, [], { upgrade_configs: [{ upgrade_type: allowed }] });
    const request = http('CONNECT', 'h:443', '/', { connection: 'upgrade', upgrade: 'websocket' });
    expect(ask(facts, request).map(summary)).toEqual([told]);
  });
});

describe('weighted clusters', () => {
  const weighted = (more: object = {}): object => ({
    ...ANY,
    route: {
      weighted_clusters: {
        clusters: [
          { name: 'a', weight: 30 },
          { name: 'b', weight: 0 },
          { name: 'c', weight: 70 },
        ],
        ...more,
      },
    },
  });
  const clusters = [cluster('a'), cluster('b'), cluster('c', 2)];

  it('share by weight', () => {
    expect(ask(proxy(weighted(), clusters)).map(summary)).toEqual([
      '0.3 a 10.0.0.1:80',
      '0.35 c 10.0.0.1:80',
      '0.35 c 10.0.0.2:80',
    ]);
  });

  it.each([
    ['29', ['1 a 10.0.0.1:80']],
    ['130', ['0.5 c 10.0.0.1:80', '0.5 c 10.0.0.2:80']],
    ['18446744073709551', ['0.5 c 10.0.0.1:80', '0.5 c 10.0.0.2:80']],
    ['nonsense', ['0.3 a 10.0.0.1:80', '0.35 c 10.0.0.1:80', '0.35 c 10.0.0.2:80']],
  ])('follow a header with %s', (value, expected) => {
    expect(
      ask(proxy(weighted({ header_name: 'X-Draw' }), clusters), http('GET', 'h', '/', { 'x-draw': value })).map(
        summary,
      ),
    ).toEqual(expected);
  });

  it('override filters', () => {
    const fault = {
      fault: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
        abort: { http_status: 418, percentage: { numerator: 50 } },
      },
    };
    const route = {
      ...ANY,
      route: {
        weighted_clusters: {
          clusters: [
            { name: 'a', weight: 1, typed_per_filter_config: fault },
            { name: 'c', weight: 3 },
          ],
        },
      },
    };
    const outcomes = ask(proxy(route, [cluster('a'), cluster('c')], {}, [httpFilter('fault.v3.HTTPFault')]));
    expect(outcomes.map(summary)).toEqual([
      '0.125 418 FI fault_filter_abort',
      '0.125 a 10.0.0.1:80',
      '0.75 c 10.0.0.1:80',
    ]);
  });
});

describe('filters', () => {
  const route = { ...ANY, route: { cluster: 'c' } };

  it('a fault delays and aborts independently', () => {
    const fault = httpFilter('fault.v3.HTTPFault', {
      delay: { fixed_delay: '1s', percentage: { numerator: 50 } },
      abort: { http_status: 503, percentage: { numerator: 20 } },
    });
    expect(ask(proxy(route, [cluster('c')], {}, [fault])).map(summary)).toEqual([
      '0.1 503 DI,FI fault_filter_abort',
      '0.4 c 10.0.0.1:80',
      '0.1 503 FI fault_filter_abort',
      '0.4 c 10.0.0.1:80',
    ]);
  });

  it.each([
    ['no token where none is required', { allow_missing: {} }, {}, '1 c 10.0.0.1:80'],
    [
      'a word that is no token',
      { allow_missing: {} },
      { authorization: 'Bearer x' },
      '1 401 - jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}',
    ],
    ['no token where one is required', { provider_name: 'p' }, {}, '1 401 - jwt_authn_access_denied{Jwt_is_missing}'],
  ])('JWT: %s', (_, requires, headers, expected) => {
    const jwt = httpFilter('jwt_authn.v3.JwtAuthentication', {
      providers: { p: { issuer: 'p' } },
      rules: [{ match: { prefix: '/' }, requires }],
    });
    expect(ask(proxy(route, [cluster('c')], {}, [jwt]), http('GET', 'h', '/', headers)).map(summary)).toEqual([
      expected,
    ]);
  });

  it('a filter runs as ECDS delivered it', () => {
    const abort = httpFilter('fault.v3.HTTPFault', { abort: { http_status: 418, percentage: { numerator: 100 } } });
    const discovered = smallProxy({
      listeners: [httpListener([route], {}, [{ name: 'fault', config_discovery: {} }])],
      clusters: [cluster('c')],
      extensions: [abort],
    });
    expect(ask(discovered).map(summary)).toEqual(['1 418 FI fault_filter_abort']);
  });
});

describe('what is sent upstream', () => {
  const tls = (name: string, more: object = {}): object => ({
    name,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      ...more,
    },
  });
  const mutual = tls('tls', {
    sni: 'outbound_.80_._.h',
    common_tls_context: {
      alpn_protocols: ['istio-peer-exchange', 'istio'],
      tls_certificate_sds_secret_configs: [{ name: 'default' }],
    },
  });
  const matches = {
    transport_socket_matches: [
      { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transport_socket: mutual },
      {
        name: 'tlsMode-disabled',
        match: {},
        transport_socket: {
          name: 'raw',
          typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer' },
        },
      },
    ],
  };
  const labelled = (more: object): object =>
    cluster('c', 0, { ...matches, load_assignment: { endpoints: [{ lb_endpoints: [host('10.0.0.1', more)] }] } });
  const route = { ...ANY, route: { cluster: 'c' } };

  it.each([
    [
      'an endpoint labelled for mTLS',
      labelled({ metadata: { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } } }),
      'istio-mutual',
      'outbound_.80_._.h',
    ],
    ['any other endpoint', labelled({}), 'none', null],
    ['a cluster with TLS', cluster('c', 1, { transport_socket: tls('tls', { sni: 's' }) }), 'tls', 's'],
    [
      'a cluster with another socket',
      cluster('c', 1, { transport_socket: { name: 'x', typed_config: { '@type': 'x' } } }),
      'unknown',
      null,
    ],
  ])('TLS to %s', (_, one, kind, sni) => {
    const [outcome] = ask(proxy(route, [one]));
    expect(outcome!.end).toMatchObject({ kind: 'upstream', tls: kind });
    expect(outcome!.end.kind === 'upstream' ? (outcome!.end.request.tls?.sni ?? null) : '').toBe(sni);
  });

  it('source addresses, timeouts and protocol', () => {
    const one = cluster('c', 1, {
      connect_timeout: '0.25s',
      upstream_bind_config: {
        source_address: { address: '127.0.0.6' },
        extra_source_addresses: [{ address: { address: '::6' } }],
      },
      typed_extension_protocol_options: {
        'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    });
    expect(ask(proxy(route, [one]))[0]!.end).toMatchObject({
      bindAddress: '127.0.0.6',
      connectTimeoutSeconds: 0.25,
      request: { http: { version: 'h2' } },
    });
  });
});

describe('hosts', () => {
  const route = (more: object = {}): object => ({ ...ANY, route: { cluster: 'c', ...more } });
  const lb = (version: string): object => ({ metadata: { filter_metadata: { 'envoy.lb': { version } } } });
  const subset = (more: object = {}): object =>
    cluster('c', 0, {
      load_assignment: { endpoints: [{ lb_endpoints: [host('10.0.0.1', lb('v1')), host('10.0.0.2', lb('v2'))] }] },
      lb_subset_config: { subset_selectors: [{ keys: ['version'] }], ...more },
    });
  const wants = (version: string): object => ({ metadata_match: { filter_metadata: { 'envoy.lb': { version } } } });

  it.each([
    ['the subset', wants('v2'), {}, ['1 c 10.0.0.2:80']],
    ['no host without a fallback', wants('v9'), {}, ['1 503 UH no_healthy_upstream']],
    [
      'any host as a fallback',
      wants('v9'),
      { fallback_policy: 'ANY_ENDPOINT' },
      ['0.5 c 10.0.0.1:80', '0.5 c 10.0.0.2:80'],
    ],
    [
      'the default subset as a fallback',
      {},
      { fallback_policy: 'DEFAULT_SUBSET', default_subset: { version: 'v1' } },
      ['1 c 10.0.0.1:80'],
    ],
  ])('%s', (_, more, config, expected) => {
    expect(ask(proxy(route(more), [subset(config)])).map(summary)).toEqual(expected);
  });

  it('of a hash are conditions', () => {
    const outcomes = ask(proxy(route(), [cluster('c', 2, { lb_policy: 'RING_HASH' })]));
    expect(outcomes.map(summary)).toEqual(['1 c 10.0.0.1:80', '1 c 10.0.0.2:80']);
    expect(outcomes.map(({ conditions }) => conditions[0]?.value)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });

  // Ports 90 to 95 and the ring are those of Envoy's own test (ring_hash_lb_test.cc, Basic); XXH64("abc") lies behind its fourth hash.
  const ring = cluster('c', 0, {
    load_assignment: {
      endpoints: [
        {
          lb_endpoints: [90, 91, 92, 93, 94, 95].map((port_value) => ({
            endpoint: { address: { socket_address: { address: '127.0.0.1', port_value } } },
          })),
        },
      ],
    },
    lb_policy: 'RING_HASH',
    ring_hash_lb_config: { minimum_ring_size: 12 },
  });
  const hashed = (policy: object): object => route({ hash_policy: [policy] });

  it.each<[string, object, HttpRequest]>([
    ['a header', { header: { header_name: 'X-User' } }, http('GET', 'h', '/', { 'x-user': 'abc' })],
    ['a query parameter', { query_parameter: { name: 'q' } }, http('GET', 'h', '/?p=1&q=abc')],
    ['a cookie', { cookie: { name: 'who' } }, http('GET', 'h', '/', { cookie: 'other=1; who="abc"' })],
  ])('of a hash of %s is the one that the ring has for it', (_, policy, request) => {
    const outcomes = ask(proxy(hashed(policy), [ring]), request);
    expect(outcomes.map(summary)).toEqual(['1 c 127.0.0.1:91']);
    expect(outcomes[0]?.conditions).toEqual([]);
  });

  it.each<[string, object, object]>([
    ['a header that is not sent', { header: { header_name: 'x-user' } }, {}],
    ['a header that the proxy sets', { header: { header_name: 'x-request-id' } }, {}],
    ['a cookie that the proxy makes up', { cookie: { name: 'who', ttl: '60s' } }, {}],
    ['filter state', { filter_state: { key: 'k' } }, {}],
    [
      'a header, bounded by the load',
      { header: { header_name: 'host' } },
      { common_lb_config: { consistent_hashing_lb_config: { hash_balance_factor: 150 } } },
    ],
    [
      'a header, with another function',
      { header: { header_name: 'host' } },
      { ring_hash_lb_config: { hash_function: 'MURMUR_HASH_2' } },
    ],
  ])('of a hash of %s are conditions', (_, policy, more) => {
    const outcomes = ask(proxy(hashed(policy), [{ ...ring, ...more }]));
    expect(outcomes).toHaveLength(6);
    expect(outcomes.every(({ conditions }) => conditions.length === 1)).toBe(true);
  });

  it('of a hash of the path are conditions for a CONNECT, which has none', () => {
    const action = { cluster: 'c', hash_policy: [{ header: { header_name: ':path' } }] };
    const connect = {
      match: { connect_matcher: {} },
      route: { ...action, upgrade_configs: [{ upgrade_type: 'CONNECT' }] },
    };
    expect(ask(proxy(connect, [ring]), http('CONNECT', 'h:443', '/a'))).toHaveLength(6);
    expect(ask(proxy(hashed({ header: { header_name: ':path' } }), [ring]), http('GET', 'h', '/a'))).toHaveLength(1);
  });

  it('follow the flags of /clusters', () => {
    const address = (ip: string): object => ({ address: { socket_address: { address: ip, port_value: 80 } } });
    const statuses = [
      {
        name: 'c',
        host_statuses: [
          { ...address('10.0.0.1'), health_status: { failed_outlier_check: true, eds_health_status: 'HEALTHY' } },
          { ...address('10.0.0.2'), health_status: { eds_health_status: 'HEALTHY' } },
        ],
      },
    ];
    const eds = { name: 'c', type: 'EDS', common_lb_config: { healthy_panic_threshold: {} } };
    const facts = smallProxy({ listeners: [httpListener([route()])], clusters: [eds], statuses });
    const outcomes = ask(facts);
    expect(outcomes.map(summary)).toEqual(['1 c 10.0.0.2:80']);
    const none = smallProxy({ listeners: [httpListener([route()])], clusters: [eds], statuses: [{ name: 'c' }] });
    expect(ask(none).map(summary)).toEqual(['1 503 UH no_healthy_upstream']);
  });

  it('are not known when clusters share endpoints of different health', () => {
    const eds = (name: string): object => ({ name, type: 'EDS', eds_cluster_config: { service_name: 's' } });
    const assignment = (status: string): object => ({
      cluster_name: 's',
      endpoints: [{ lb_endpoints: [host('10.0.0.1', { health_status: status })] }],
    });
    const facts = smallProxy({
      listeners: [httpListener([route()])],
      clusters: [eds('c'), eds('d')],
      endpoints: [assignment('HEALTHY'), assignment('UNHEALTHY')],
    });
    expect(ask(facts).map(summary)).toEqual([
      '1 undetermined: several clusters share the endpoints s and differ in their health',
    ]);
    const equal = smallProxy({
      listeners: [httpListener([route()])],
      clusters: [eds('c'), eds('d')],
      endpoints: [assignment('HEALTHY'), assignment('HEALTHY')],
    });
    expect(ask(equal).map(summary)).toEqual(['1 c 10.0.0.1:80']);
  });
});
