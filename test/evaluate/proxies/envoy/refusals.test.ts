/** Requests and connections that a limit, a missing token or a silent service ends. */
import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { EnvoyFacts } from '../../../../src/model/envoy.ts';
import type { HttpRequest } from '../../../../src/model/request.ts';
import {
  chain,
  cluster,
  httpFilter,
  httpListener,
  httpManager,
  listener,
  networkFilter,
  smallProxy,
  tcpProxy,
} from './small-proxy.ts';
import { direct, expectComplete, http, summary } from './snapshot.ts';

const THROUGH = '1 c 10.0.0.1:80';
const OVERFLOW = '1 503 UO upstream_reset_before_response_started{overflow}';
const GET = http('GET', 'h', '/');
const ROUTE = { match: { prefix: '/' }, route: { cluster: 'c' } };

function ends(facts: EnvoyFacts, request: HttpRequest = GET): string[] {
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
  expectComplete(outcomes);
  return outcomes.map(summary);
}

describe('circuit breakers', () => {
  const breaker = (thresholds: object): object => ({ circuit_breakers: { thresholds: [thresholds] } });
  const overHttp = (thresholds: object, route: object = ROUTE): EnvoyFacts =>
    smallProxy({ listeners: [httpListener([route])], clusters: [cluster('c', 1, breaker(thresholds))] });
  const high = { ...ROUTE, route: { cluster: 'c', priority: 'HIGH' } };

  it.each<[string, EnvoyFacts, string[]]>([
    ['no requests at all', overHttp({ max_requests: 0 }), [OVERFLOW]],
    ['no waiting requests, so that none gets a connection', overHttp({ max_pending_requests: 0 }), [OVERFLOW]],
    ['no connections, of which a pool may always have one', overHttp({ max_connections: 0 }), [THROUGH]],
    ['another priority', overHttp({ priority: 'HIGH', max_requests: 0 }), [THROUGH]],
    ['the priority of the route', overHttp({ priority: 'HIGH', max_requests: 0 }, high), [OVERFLOW]],
  ])('over HTTP: %s', (_, facts, expected) => {
    expect(ends(facts)).toEqual(expected);
  });

  it.each<[string, object, number, string]>([
    ['counts connections before it looks for a host', { max_connections: 0 }, 0, '1 close UO -'],
    ['looks for a host first where none may wait', { max_pending_requests: 0 }, 0, '1 close UH -'],
    ['has a pool in which none may wait', { max_pending_requests: 0 }, 1, '1 close URX -'],
    ['counts no requests', { max_requests: 0 }, 1, THROUGH],
  ])('a TCP proxy %s', (_, thresholds, hosts, expected) => {
    const facts = smallProxy({
      listeners: [listener('0.0.0.0', 80, { filter_chains: [chain([tcpProxy('c')])] })],
      clusters: [cluster('c', hosts, breaker(thresholds))],
    });
    expect(ends(facts)).toEqual([expected]);
  });

  const loaded = (active: number): EnvoyFacts => {
    const socket = { socket_address: { address: '10.0.0.1', port_value: 80 } };
    const stats = [{ type: 'GAUGE', name: 'rq_active', value: String(active) }];
    const statuses = [{ name: 'c', host_statuses: [{ address: socket, stats, health_status: {} }] }];
    return smallProxy({
      listeners: [httpListener([ROUTE])],
      clusters: [cluster('c', 1, breaker({ max_requests: 10 }))],
      statuses,
    });
  };

  it('what /clusters showed to be full is a condition, what it showed to have room is none', () => {
    const outcomes = evaluateEnvoy(loaded(10), direct('10.1.1.1', '10.1.1.2', 80, GET));
    expectComplete(outcomes);
    expect(outcomes.map((outcome) => [summary(outcome), outcome.conditions.map(({ value }) => value)])).toEqual([
      [OVERFLOW, [false]],
      [THROUGH, [true]],
    ]);
    expect(ends(loaded(9))).toEqual([THROUGH]);
  });
});

describe('network local rate limit', () => {
  const limited = (more: object): EnvoyFacts => {
    const bucket = { token_bucket: { max_tokens: 1, fill_interval: '60s' } };
    const filter = networkFilter('local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'l', ...bucket, ...more });
    const listeners = [listener('0.0.0.0', 80, { filter_chains: [chain([filter, httpManager([ROUTE])])] })];
    return smallProxy({ listeners, clusters: [cluster('c')] });
  };

  it.each<[string, object, string[]]>([
    ['closes or passes as its bucket has it', {}, [THROUGH, '1 close URX -']],
    ['does nothing when it is off', { runtime_enabled: { default_value: false, runtime_key: 'k' } }, [THROUGH]],
  ])('%s', (_, more, expected) => {
    expect(ends(limited(more))).toEqual(expected);
  });
});

it('a rate limit of connections decides before an RBAC filter, which waits for the first byte', () => {
  const bucket = { token_bucket: { max_tokens: 1, fill_interval: '60s' } };
  const limit = networkFilter('local_ratelimit.v3.LocalRateLimit', { stat_prefix: 'l', ...bucket });
  const denyAll = networkFilter('rbac.v3.RBAC', { stat_prefix: 'r', rules: {} });
  const filters = [denyAll, limit, tcpProxy('empty')];
  const decided = (list: object[]): string[] =>
    ends(
      smallProxy({
        listeners: [listener('0.0.0.0', 80, { filter_chains: [chain(list)] })],
        clusters: [cluster('c'), cluster('empty', 0)],
      }),
    );
  expect(decided(filters)).toEqual(['1 close UH -', '1 close URX -']);
  expect(decided([denyAll, limit, tcpProxy('c')])).toEqual([
    '1 close URX -',
    '1 close - rbac_access_denied_matched_policy[none]',
  ]);
});

describe('a rate limit service without a host', () => {
  const asked = (more: object, actions: object[]): EnvoyFacts => {
    const service = { rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: 'empty' } } } };
    const filter = httpFilter('ratelimit.v3.RateLimit', { domain: 'd', ...service, ...more });
    const route = { ...ROUTE, route: { cluster: 'c', rate_limits: [{ actions }] } };
    return smallProxy({
      listeners: [httpListener([route], {}, [filter])],
      clusters: [cluster('c'), cluster('empty', 0)],
    });
  };
  const key = { generic_key: { descriptor_value: 'one' } };

  it.each<[string, EnvoyFacts, string[]]>([
    ['lets pass', asked({}, [key]), [THROUGH]],
    ['denies where it is told to', asked({ failure_mode_deny: true }, [key]), ['1 500 RLSE rate_limiter_error']],
    [
      'with a status of its own',
      asked({ failure_mode_deny: true, status_on_error: { code: 'ServiceUnavailable' } }, [key]),
      ['1 503 RLSE rate_limiter_error'],
    ],
  ])('%s', (_, facts, expected) => {
    expect(ends(facts)).toEqual(expected);
  });

  it('may not be asked at all where the limit depends on the request', () => {
    const [end] = ends(
      asked({ failure_mode_deny: true }, [{ request_headers: { header_name: 'x', descriptor_key: 'x' } }]),
    );
    expect(end).toContain('a rate limit service decides');
  });
});

describe('metadata of a token that the request does not carry', () => {
  const TOKEN = { filter: 'envoy.filters.http.jwt_authn', path: [{ key: 'payload' }, { key: 'iss' }] };
  const issuer = { ...TOKEN, value: { string_match: { exact: 'me' } } };
  const policy = (metadata: object): object =>
    httpFilter('rbac.v3.RBAC', {
      rules: { policies: { p: { permissions: [{ any: true }], principals: [{ metadata }] } } },
    });
  const guarded = (metadata: object): EnvoyFacts =>
    smallProxy({ listeners: [httpListener([ROUTE], {}, [policy(metadata)])], clusters: [cluster('c')] });
  const routed = (metadata: object): EnvoyFacts =>
    smallProxy({
      listeners: [httpListener([{ ...ROUTE, match: { prefix: '/', dynamic_metadata: [metadata] } }])],
      clusters: [cluster('c')],
    });

  it.each<[string, EnvoyFacts, string[]]>([
    ['a policy about its issuer', guarded(issuer), ['1 403 - rbac_access_denied_matched_policy[none]']],
    ['a policy about any other issuer', guarded({ ...issuer, invert: true }), [THROUGH]],
    ['a route', routed(issuer), ['1 404 NR route_not_found']],
    ['a route for all others', routed({ ...issuer, invert: true }), [THROUGH]],
  ])('%s', (_, facts, expected) => {
    expect(ends(facts)).toEqual(expected);
  });

  it('that of another filter is not known', () => {
    expect(ends(guarded({ ...issuer, filter: 'mine' }))[0]).toContain('"mine"');
  });
});

describe('headers beyond what the codec takes', () => {
  const facts = smallProxy({ listeners: [httpListener([ROUTE])], clusters: [cluster('c')] });
  const with100 = Array.from({ length: 100 }, (_, index): [string, string] => [`x-${index}`, '1']);

  it.each<[string, [string, string][], string]>([
    ['too large', [['x', 'y'.repeat(61_440)]], '1 431 DPE http1.headers_too_large'],
    ['large', [['x', 'y'.repeat(61_000)]], THROUGH],
    [
      'too large, of a gRPC request',
      [
        ['content-type', 'application/grpc'],
        ['x', 'y'.repeat(61_440)],
      ],
      '1 431 DPE http1.headers_too_large',
    ],
    ['too many', with100, '1 431 DPE http1.too_many_headers'],
  ])('%s', (_, headers, expected) => {
    expect(ends(facts, { ...GET, headers })).toEqual([expected]);
  });
});
