/**
 * A header that a request carries several times, before RBAC policies that ask for it. Each policy stands at a route of its own and denies
 * what it selects.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { rbacFilter } from './istio-custom.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
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

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(NAMES)(
    'matches several values as we say: %s',
    async (name) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const routes = MATCHERS.map(([, matcher], at) => ({
        match: { path: `/${at}` },
        route: { cluster: 'c' },
        typed_per_filter_config: { rbac: denying({ header: { name, ...matcher } }) },
      }));
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, routes, [rbacFilter('http', 'rbac', {})])],
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
      // Envoy itself joins the values of some headers; which ones depends on what is built into it.
      expect(told.some((_, at) => isOpen(at))).toBe(name !== 'x-role');
    },
    120_000,
  );
});
