/** Where filters that proxies commonly run leave it open what becomes of a request; the real Envoy: test/conformance/envoy/common-filters.test.ts. */
import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { toldUnconnected } from '../told-client.ts';
import type { EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import { cluster, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, http, summary } from '../snapshot.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';

interface Asked {
  readonly filters?: readonly object[];
  readonly override?: object;
  readonly manager?: object;
  readonly route?: object;
  readonly bootstrap?: object;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function outcomes({ filters = [], override = {}, manager = {}, headers = {}, ...rest }: Asked): EnvoyOutcome[] {
  const action = rest.route ?? { route: { cluster: 'c' } };
  const route = { match: { prefix: '/' }, ...action, typed_per_filter_config: override };
  const facts = smallProxy({
    listeners: [httpListener([route], manager, filters)],
    clusters: [cluster('c')],
    bootstrap: { node: { id: 'test' }, ...rest.bootstrap },
  });
  return evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http(rest.method ?? 'GET', 'h', '/', headers)));
}

const told = (asked: Asked): string => outcomes(asked).map(summary).join();
const mutation = (request_mutations: readonly object[], more: object = {}): object =>
  httpFilter('header_mutation.v3.HeaderMutation', { mutations: { request_mutations, ...more } });
const set = (key: string, value: string, more: object = {}): object => ({
  append: { header: { key, value }, ...more },
});
/** Denies what has a header. */
const without = (name: string): object =>
  httpFilter('rbac.v3.RBAC', {
    rules: { action: 'DENY', policies: { p: { permissions: [{ header: { name } }], principals: [{ any: true }] } } },
  });
const csrf = (numerator: number, more: object = {}): object =>
  httpFilter('csrf.v3.CsrfPolicy', { filter_enabled: { default_value: { numerator }, runtime_key: 'csrf' }, ...more });
const BASIC = httpFilter('basic_auth.v3.BasicAuth', { users: { inline_string: '[redacted]' } });
const HEALTH = httpFilter('health_check.v3.HealthCheck', { headers: [{ name: 'check' }] });
const SESSION = httpFilter('stateful_session.v3.StatefulSession', {
  session_state: {
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
      cookie: { name: 'id' },
    },
  },
});
const mapped = (...mappers: readonly object[]): object => ({ local_reply_config: { mappers } });
const DIRECT = { direct_response: { status: 404 } };

it.each<[string, Asked, RegExp]>([
  ['a header that is set', { filters: [mutation([set('x-a', '1')]), without('x-a')] }, /^1 403 /],
  [
    'a header that is taken away',
    { filters: [mutation([{ remove: 'X-A' }]), without('x-a')], headers: { 'x-a': '1' } },
    /^1 c /,
  ],
  [
    'a format',
    { filters: [mutation([set('x-a', '%REQ(b)%')]), without('x-a')] },
    /undetermined: the value of a header is not computed/,
  ],
  ['a format that nobody asks for', { filters: [mutation([set('x-a', '%REQ(b)%')])] }, /^1 c /],
  [
    'one of several values that Envoy joins',
    { filters: [mutation([set('cookie', 'b')]), without('cookie')], headers: { cookie: 'a' } },
    /undetermined: what the header cookie becomes/,
  ],
  [
    'a header with a meaning',
    { filters: [mutation([set('content-type', 'a')])] },
    /undetermined: what a mutation of a header means/,
  ],
  ['a mutation of tomorrow', { filters: [mutation([], { tomorrow: [] })] }, /undetermined: the field tomorrow/],
  [
    'an action of tomorrow',
    { filters: [mutation([set('x-a', '1', { tomorrow: true })])] },
    /undetermined: the field tomorrow/,
  ],
  [
    'an override of another type',
    { filters: [mutation([])], override: { header_mutation: { '@type': `${TYPE}.csrf.v3.CsrfPolicy` } } },
    /undetermined: the override of HTTP filter header_mutation/,
  ],
  ['a policy for some requests', { filters: [csrf(50)], method: 'POST' }, /undetermined: for what part of requests/],
  [
    'a policy by the runtime',
    {
      filters: [csrf(100)],
      method: 'POST',
      bootstrap: { layered_runtime: { layers: [{ static_layer: { csrf: 0 } }] } },
    },
    /undetermined: the runtime key csrf/,
  ],
  ['a policy for none', { filters: [csrf(0)], method: 'POST' }, /^1 c /],
  [
    'an override for none',
    {
      filters: [csrf(100)],
      method: 'POST',
      override: {
        csrf: { '@type': `${TYPE}.csrf.v3.CsrfPolicy`, filter_enabled: { default_value: { numerator: 0 } } },
      },
    },
    /^1 c /,
  ],
  [
    'an origin that is no plain URL',
    { filters: [csrf(100)], method: 'POST', headers: { origin: 'http://a@h' } },
    /undetermined: what the host of "http:\/\/a@h"/,
  ],
  [
    'a policy of tomorrow',
    { filters: [csrf(100, { tomorrow: 1 })], method: 'POST' },
    /undetermined: the field tomorrow/,
  ],
  [
    'another origin',
    { filters: [csrf(100)], method: 'PUT', headers: { origin: 'http://x' } },
    /^1 403 .*csrf_origin_mismatch/,
  ],
  [
    'credentials',
    { filters: [BASIC], headers: { authorization: 'Basic eDp5' } },
    /undetermined: .* whether the credentials are right/,
  ],
  ['no credentials', { filters: [BASIC] }, /^1 401 .*no_credential_for_basic_auth/],
  [
    'a health check',
    { filters: [HEALTH], headers: { check: '1' } },
    /undetermined: .* depends on how healthy the proxy is/,
  ],
  ['what is none', { filters: [HEALTH] }, /^1 c /],
  ['no session', { filters: [SESSION], headers: { cookie: 'other=1' } }, /^1 c /],
  [
    'a session',
    { filters: [SESSION], headers: { cookie: 'a=b; id=1' } },
    /undetermined: .* the session of the request names/,
  ],
  [
    'a session where the route has none',
    {
      filters: [SESSION],
      headers: { cookie: 'id=1' },
      override: {
        stateful_session: { '@type': `${TYPE}.stateful_session.v3.StatefulSessionPerRoute`, disabled: true },
      },
    },
    /^1 c /,
  ],
  [
    'a session of another kind',
    {
      filters: [
        httpFilter('stateful_session.v3.StatefulSession', { session_state: { typed_config: { '@type': 'x/other' } } }),
      ],
    },
    /undetermined: how a session is told is not understood/,
  ],
  [
    'a mapper for all',
    {
      route: DIRECT,
      manager: mapped(
        { filter: { response_flag_filter: {} }, status_code: 451 },
        {
          filter: { status_code_filter: { comparison: { op: 'GE', value: { default_value: 400 } } } },
          status_code: 452,
        },
      ),
    },
    /^1 452 /,
  ],
  [
    'a filter of another kind',
    { route: DIRECT, manager: mapped({ filter: { duration_filter: {} }, status_code: 451 }) },
    /undetermined: the filter duration_filter of local_reply_config is not evaluated/,
  ],
  [
    'a status by the runtime',
    {
      route: DIRECT,
      manager: mapped({
        filter: { status_code_filter: { comparison: { value: { default_value: 1, runtime_key: 'k' } } } },
        status_code: 451,
      }),
      bootstrap: { layered_runtime: { layers: [{ static_layer: { k: 404 } }] } },
    },
    /undetermined: the runtime key k/,
  ],
  [
    'a mapper without a status',
    {
      route: DIRECT,
      manager: mapped({ filter: { status_code_filter: { comparison: { op: 'GE', value: { default_value: 400 } } } } }),
    },
    /^1 404 /,
  ],
])('%s', (_, asked, end) => {
  expect(told(asked)).toMatch(end);
});

it('what a proxy answers that loses its upstream is not known where a status may be recommended', () => {
  const lost = (manager: object): unknown => {
    const [outcome] = outcomes({ manager });
    if (outcome?.end.kind !== 'upstream') throw new Error('it is not sent on');
    return toldUnconnected(outcome.end);
  };
  expect(lost({})).toMatchObject({ status: 503, flag: 'UF' });
  expect(() => lost({ proxy_status_config: { set_recommended_response_code: true } })).toThrow(/proxy_status_config/);
});
