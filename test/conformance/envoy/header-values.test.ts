/**
 * A header that a request carries several times, before matchers that ask for it: of RBAC, where each policy stands at a route of its own
 * and denies what it selects, and of routes, faults and tokens, each of which answers what it selects.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { rbacFilter } from './istio-custom.ts';
import { keys } from './jwt-case.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { rsaSigner } from '../../tokens.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const KINDS: Readonly<Record<string, object>> = {
  exact: { string_match: { exact: 'admin' } },
  both: { string_match: { exact: 'user,admin' } },
  prefix: { string_match: { prefix: 'adm' } },
  suffix: { string_match: { suffix: 'min' } },
  contains: { string_match: { contains: ',' } },
  regex: { string_match: { safe_regex: { regex: '.*min' } } },
  empty: { string_match: { exact: '' } },
  range: { range_match: { start: 1, end: 9 } },
  present: { present_match: true },
  absent: { present_match: false },
};
const FORMS: Readonly<Record<string, object>> = {
  plain: {},
  inverted: { invert_match: true },
  'missing as empty': { treat_missing_header_as_empty: true },
  'missing as empty, inverted': { treat_missing_header_as_empty: true, invert_match: true },
};
const VALUES = [
  [],
  ['admin'],
  ['user'],
  ['user', 'admin'],
  ['admin', 'user'],
  ['admin', 'admin'],
  ['user', 'guest'],
  ['user,admin'],
  ['', 'admin'],
  ['50', '5'],
  ['5', '6', '7'],
];
const MATCHERS = Object.entries(KINDS).flatMap(([kind, match]) =>
  Object.entries(FORMS).map(([form, more]) => [`${kind}, ${form}`, { ...match, ...more }] as const),
);
const NAMES = [
  'x-role',
  'role',
  'accept',
  'authorization',
  'x-forwarded-role',
  'x-envoy-role',
  'grpc-timeout',
  'origin',
];

const denying = (principal: object): object => ({
  '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
  rbac: {
    rules: { action: 'DENY', policies: { p: { permissions: [{ any: true }], principals: [principal] } } },
  },
});

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';
const fault = (matcher: object): object => ({
  '@type': `${TYPE}.fault.v3.HTTPFault`,
  abort: { http_status: 418, percentage: { numerator: 100 } },
  headers: [matcher],
});
const PROVIDER = keys([rsaSigner('RS256').key]);
const jwt = (matchers: readonly object[]): object => ({
  name: 'jwt',
  typed_config: {
    '@type': `${TYPE}.jwt_authn.v3.JwtAuthentication`,
    providers: { p: PROVIDER },
    rules: matchers.map((matcher, at) => ({
      match: { path: `/${at}`, headers: [matcher] },
      requires: { provider_name: 'p' },
    })),
  },
});

interface Place {
  readonly routes: (matcher: object, path: string) => readonly object[];
  readonly filters: (matchers: readonly object[]) => readonly object[];
}
const forwarding = (path: string, more: object = {}): object => ({ match: { path }, route: { cluster: 'c' }, ...more });
const PLACES: Readonly<Record<string, Place>> = {
  RBAC: {
    routes: (matcher, path) => [forwarding(path, { typed_per_filter_config: { rbac: denying({ header: matcher }) } })],
    filters: () => [rbacFilter('http', 'rbac', {})],
  },
  routes: {
    routes: (matcher, path) => [
      { match: { path, headers: [matcher] }, direct_response: { status: 204 } },
      forwarding(path),
    ],
    filters: () => [],
  },
  faults: {
    routes: (matcher, path) => [forwarding(path, { typed_per_filter_config: { fault: fault(matcher) } })],
    filters: () => [{ name: 'fault', typed_config: { '@type': `${TYPE}.fault.v3.HTTPFault` } }],
  },
  tokens: { routes: (_, path) => [forwarding(path)], filters: (matchers) => [jwt(matchers)] },
};
const TRIED = Object.keys(PLACES).flatMap((place) =>
  (place === 'RBAC' || place === 'routes' ? NAMES : ['x-role']).map((name) => [place, name] as const),
);

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(TRIED)(
    'matches several values as we say: %s, %s',
    async (place, name) => {
      const folder = grounds.folder(`${version}-${place}-${name}`);
      const port = await freePort();
      const matchers = MATCHERS.map(([, matcher]) => ({ name, ...matcher }));
      const { routes, filters } = PLACES[place] ?? { routes: () => [], filters: () => [] };
      const list = matchers.flatMap((matcher, at) => routes(matcher, `/${at}`));
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, list, filters(matchers))],
          clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
        },
      };
      const asked = MATCHERS.flatMap(([matcher], at) => VALUES.map((values) => ({ matcher, at, values })));
      const probes = asked.map(({ at, values }) =>
        plainProbe(port, { path: `/${at}`, headers: values.map((value) => [name, value] as const) }),
      );
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      const label = (at: number): string => `${asked[at]?.matcher}: ${JSON.stringify(asked[at]?.values)}`;
      const told = held.map(({ ours }, at) => `${label(at)} ${ours.map((one) => expectedOf(one).end).join()}`);
      const seen = held.map(({ seen: { end } }, at) => `${label(at)} ${end}`);
      const isOpen = (at: number): boolean => told[at]?.includes('undetermined') ?? true;
      expect(told.filter((_, at) => !isOpen(at))).toEqual(seen.filter((_, at) => !isOpen(at)));
      // Envoy itself joins the values of some headers; which ones depends on what is built into it. Matchers beside those of RBAC joined
      // all of them up to Envoy 1.38, unless it is patched.
      const open = name !== 'x-role' || (place !== 'RBAC' && version.startsWith('1.38.'));
      expect(told.some((_, at) => isOpen(at))).toBe(open);
    },
    120_000,
  );

  it('makes the first of several values the host', async () => {
    const folder = grounds.folder(`${version}-host`);
    const port = await freePort();
    const routes = ['x-host', 'accept'].map((name) => ({
      match: { path: `/${name}` },
      route: { cluster: 'c', host_rewrite_header: name },
    }));
    const config = {
      static_resources: {
        listeners: [plainListener(folder, port, routes, [])],
        clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
      },
    };
    const asking = (name: string, ...values: string[]): ReturnType<typeof plainProbe> =>
      plainProbe(port, { path: `/${name}`, headers: values.map((value) => [name, value] as const) });
    const probes = [
      asking('x-host'),
      asking('x-host', 'a'),
      asking('x-host', 'a', 'b'),
      asking('x-host', 'b', 'a', 'a'),
      asking('x-host', 'a,b'),
      asking('accept', 'a', 'b'),
    ];
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    const seen = held.map(({ reply }) => (JSON.parse(reply.body) as { host: string }).host);
    const told = held.map(({ ours: [only] }) =>
      only?.end.kind === 'upstream' ? only.end.request.http?.authority : only?.end.kind,
    );
    expect(told).toEqual([...seen.slice(0, -1), 'undetermined']);
  }, 120_000);
});
