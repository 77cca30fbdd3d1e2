/** HTTP filters that proxies commonly run, and what they do to the request for those after them, held against the real Envoy. */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const TYPE = 'type.googleapis.com/envoy.extensions';

type Asked = Partial<Probe>;

interface Case {
  readonly filters: readonly object[];
  /** Overrides of the route configuration, and of the route. */
  readonly outer?: object;
  readonly inner?: object;
  readonly asked: readonly Asked[];
  /** Every end that Envoy comes to. */
  readonly ends: readonly string[];
}

const filter = (type: string, more: object = {}): object => ({
  name: type.split('.')[0],
  typed_config: { '@type': `${TYPE}.filters.http.${type}`, ...more },
});
const asked = (...headers: Probe['headers']): Asked => ({ headers });
const post = (...headers: Probe['headers']): Asked => ({ method: 'POST', headers });
/** Passes what has a header of a value. */
const passes = (name: string, exact: string): object =>
  filter('rbac.v3.RBAC', {
    rules: {
      policies: { p: { permissions: [{ header: { name, string_match: { exact } } }], principals: [{ any: true }] } },
    },
  });

const DELIVERED = 'upstream c';
const DENIED = 'reply 403 - rbac_access_denied_matched_policy[none]';

const from = (origin: string, host = 'h', ...more: Probe['headers']): Asked => ({
  ...post(['origin', origin], ['content-length', '0'], ...more),
  host,
});
const set = (name: string, value: string, append_action = 'OVERWRITE_IF_EXISTS_OR_ADD'): object => ({
  append: { header: { key: name, value }, append_action },
});
const MUTATION = 'header_mutation.v3.HeaderMutation';
const mutation = (request_mutations: readonly object[], more: object = {}): object =>
  filter(MUTATION, { mutations: { request_mutations }, ...more });
const mutates = (...request_mutations: readonly object[]): object => ({
  header_mutation: { '@type': `${TYPE}.filters.http.${MUTATION}PerRoute`, mutations: { request_mutations } },
});
/** A header that is changed to 1 before it is looked at. */
const mutated = (action: string, ends: readonly string[]): Case => ({
  filters: [mutation([set('x-mark', '1', action)]), passes('x-mark', '1')],
  asked: [{}, ...['1', '2', ''].map((value) => asked(['x-mark', value]))],
  ends,
});
/** Keeps sessions at one host. */
const session = (kind: string, name: string, more: object): object => ({
  name: `session-${kind}`,
  typed_config: {
    '@type': `${TYPE}.filters.http.stateful_session.v3.StatefulSession`,
    session_state: {
      name: `envoy.http.stateful_session.${kind}`,
      typed_config: { '@type': `${TYPE}.http.stateful_session.${kind}.v3.${name}BasedSessionState`, ...more },
    },
  },
});
const CREDENTIALS = { inline_string: 'user1:{SHA}tESsBmE/yNY3lb6a0L6vVQEZNqw=' };

const CASES: Readonly<Record<string, Case>> = {
  'gRPC-Web, which is gRPC after its filter': {
    filters: [filter('grpc_web.v3.GrpcWeb'), passes('content-type', 'application/grpc')],
    asked: [
      {},
      ...['grpc', 'grpc-web', 'grpc-web+proto', 'grpc-web-text', 'grpc-web-text+proto', 'json'].map((type) =>
        post(['content-type', `application/${type}`], ['content-length', '0']),
      ),
    ],
    ends: [DELIVERED, DENIED],
  },
  'what requests may come from elsewhere': {
    filters: [
      filter('csrf.v3.CsrfPolicy', {
        filter_enabled: { default_value: { numerator: 100 } },
        additional_origins: [{ suffix: '.friend' }],
      }),
    ],
    asked: [
      post(['content-length', '0']),
      post(['referer', 'http://h/a'], ['content-length', '0']),
      ...[
        'http://h',
        'https://h',
        'ftp://h',
        'h',
        'http://h/',
        'http://h/path?x',
        'http://H',
        'http://h:80',
        'null',
        '',
      ].map((origin) => from(origin)),
      ...['http://h', 'http://h:80', 'http://h:8080'].map((origin) => from(origin, 'h:80')),
      ...['http://a.friend', 'http://friend', 'a.friend'].map((origin) => from(origin)),
      from('', 'h', ['referer', 'http://h/a']),
      from('http://other', 'h', ['referer', 'http://h/a']),
      from('http://other', 'h', ['content-type', 'application/grpc']),
      ...['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'PURGE'].map((method) => ({
        ...from('http://other'),
        method,
      })),
    ],
    ends: [DELIVERED, 'reply 403 - csrf_origin_mismatch', 'reply 200 - csrf_origin_mismatch'],
  },
  'credentials that are missing': {
    filters: [filter('basic_auth.v3.BasicAuth', { users: CREDENTIALS })],
    asked: [
      {},
      asked(['content-type', 'application/grpc']),
      ...['', 'Basic', 'basic dXNlcjE6dGVzdDE=', 'Bearer x'].map((value) => asked(['authorization', value])),
    ],
    ends: [
      'reply 401 - no_credential_for_basic_auth',
      'reply 200 - no_credential_for_basic_auth',
      'reply 401 - invalid_scheme_for_basic_auth',
    ],
  },
  'what is no health check': {
    filters: [
      filter('health_check.v3.HealthCheck', {
        pass_through_mode: false,
        headers: [{ name: ':path', string_match: { exact: '/healthz' } }],
      }),
    ],
    asked: [{}, { path: '/healthz?x' }, { path: '/healthz/' }],
    ends: [DELIVERED],
  },
  'requests without a session': {
    filters: [
      session('cookie', 'Cookie', { cookie: { name: 'session', path: '/' } }),
      session('header', 'Header', { name: 'X-Session' }),
    ],
    asked: [{}, asked(['cookie', 'other=session; xsession=1'])],
    ends: [DELIVERED],
  },
  'a header that is appended': mutated('APPEND_IF_EXISTS_OR_ADD', [DELIVERED]),
  'a header that is set where it is absent': mutated('ADD_IF_ABSENT', [DELIVERED, DENIED]),
  'a header that is overwritten where it is there': mutated('OVERWRITE_IF_EXISTS', [DELIVERED, DENIED]),
  'a header that is overwritten': mutated('OVERWRITE_IF_EXISTS_OR_ADD', [DELIVERED]),
  'a header that is set and taken away': {
    filters: [
      mutation([set('x-mark', '1'), { remove: 'X-Mark' }, set('X-Mark', '1', 'ADD_IF_ABSENT')]),
      passes('x-mark', '1'),
    ],
    asked: [{}, asked(['x-mark', '2'])],
    ends: [DELIVERED],
  },
  'a header that several levels set, the outermost last': {
    filters: [mutation([set('x-mark', 'filter')]), passes('x-mark', 'outer')],
    outer: mutates(set('x-mark', 'outer')),
    inner: mutates(set('x-mark', 'inner')),
    asked: [{}],
    ends: [DELIVERED],
  },
  'a header that several levels set, the innermost last': {
    filters: [
      mutation([set('x-mark', 'filter')], { most_specific_header_mutations_wins: true }),
      passes('x-mark', 'inner'),
    ],
    outer: mutates(set('x-mark', 'outer')),
    inner: mutates(set('x-mark', 'inner')),
    asked: [{}],
    ends: [DELIVERED],
  },
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    '%s',
    async (name, { filters, outer = {}, inner = {}, asked: list, ends }) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const route = { match: { prefix: '/' }, route: { cluster: 'c' }, typed_per_filter_config: inner };
      const virtual_hosts = [{ name: 'v', domains: ['*'], routes: [{ name: 'r/any', ...route }] }];
      const route_config = { name: 'r', virtual_hosts, typed_per_filter_config: outer };
      const listeners = [managedListener(folder, port, { route_config }, filters)];
      const clusters = [staticCluster('c', [grounds.upstreams.ports[0]])];
      const probes = list.map((one) => plainProbe(port, one));
      const config = { static_resources: { listeners, clusters } };
      const seen = new Set<string>();
      for (const held of await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates)) {
        expectAgreement(held, JSON.stringify(held.probe));
        seen.add(held.seen.end.replace(/ \d+\.\d+\.\d+\.\d+:\d+$/, ''));
      }
      expect([...seen].toSorted()).toEqual([...ends].toSorted());
    },
    120_000,
  );
});
