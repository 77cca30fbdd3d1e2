/**
 * Routes before and after a token is accepted, which may set the header that a route or a cluster is chosen by: the choice stays unless the
 * provider has it made anew.
 */
import { describe, expect, it } from 'vitest';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS } from './install-envoy.ts';
import { MISSING, anyOf, bearer, denying, expectHeld, holdCase, keys, named } from './jwt-case.ts';
import type { Case } from './jwt-case.ts';
import { rsaSigner, signToken } from '../../tokens.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const SIGNER = rsaSigner('RS256');
const alice = signToken(SIGNER, { iss: 'one', sub: 'alice', to: 'c', weight: '1', groups: ['a'] });
const nobody = signToken(SIGNER, { iss: 'one' });
const claims = (...names: string[]): object => ({
  claim_to_headers: names.map((name) => ({ header_name: `x-${name}`, claim_name: name })),
});
const one = { issuer: 'one', ...keys([SIGNER.key]), ...claims('sub', 'to', 'weight') };
const anew = { ...one, clear_route_cache: true };
const requires = anyOf(named('one'), MISSING);
const requests = [
  {},
  { headers: [bearer(alice)] },
  { headers: [bearer(nobody)] },
  { headers: [bearer(alice), ['x-sub', 'mallory'], ['x-to', 'nowhere'], ['x-weight', '0']] },
  { path: '/alice' },
  { path: '/alice', headers: [bearer(alice)] },
  { path: '/alice', headers: [bearer(nobody)] },
] satisfies Case['requests'];

const present = (name: string): object => ({ headers: [{ name, present_match: true }] });
const toCluster = { match: { prefix: '/' }, route: { cluster: 'c' } };
const ROUTES = [{ match: { prefix: '/alice', ...present('x-sub') }, direct_response: { status: 204 } }, toCluster];
const BY_TOKEN = [
  { match: { prefix: '/', ...present('authorization') }, route: { cluster: 'c', prefix_rewrite: '/with' } },
  { match: { prefix: '/' }, direct_response: { status: 204 } },
];
/** Provider and routes as istiod makes them of a VirtualService that matches claims. */
const noting = { ...one, clear_route_cache: true, payload_in_metadata: 'payload' };
const ofClaim = (name: string, value: object, more: object = {}): object => ({
  prefix: '/',
  dynamic_metadata: [
    {
      filter: 'envoy.filters.http.jwt_authn',
      path: [{ key: 'payload' }, { key: name }],
      value,
      ...more,
    },
  ],
});
const BY_CLAIM = [
  {
    match: ofClaim('groups', { list_match: { one_of: { string_match: { exact: 'a' } } } }),
    direct_response: { status: 204 },
  },
  { match: ofClaim('sub', { present_match: true }, { invert: true }), route: { cluster: 'c', prefix_rewrite: '/no/' } },
  { match: { prefix: '/' }, route: { cluster: 'c', prefix_rewrite: '/other/' } },
];
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute';
const overriding = (rbac: object): object[] => [
  {
    match: { prefix: '/alice', ...present('x-sub') },
    route: { cluster: 'c', prefix_rewrite: '/anew' },
    typed_per_filter_config: { rbac },
  },
  toCluster,
];
const SWITCHING = overriding({ '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true });
const OVERRIDING = overriding({
  '@type': RBAC,
  rbac: {
    rules: { action: 'DENY', policies: { anew: { permissions: [{ any: true }], principals: [{ any: true }] } } },
  },
});
const BY_HEADER = [{ match: { prefix: '/' }, route: { cluster_header: 'x-to' } }];
const weighted = (more: object): object[] => [
  {
    match: { prefix: '/' },
    route: {
      weighted_clusters: {
        clusters: [
          { name: 'd', weight: 1 },
          { name: 'c', weight: 1 },
        ],
        ...more,
      },
    },
  },
];
const HALF = {
  match: { prefix: '/', runtime_fraction: { default_value: { numerator: 50 } } },
  route: { cluster: 'c', prefix_rewrite: '/half/' },
};
const FRACTIONS = [
  {
    match: { prefix: '/', runtime_fraction: { default_value: { numerator: 0 } } },
    direct_response: { status: 204 },
  },
  {
    match: { prefix: '/', runtime_fraction: { default_value: { numerator: 100 } } },
    route: { cluster: 'c', prefix_rewrite: '/all/' },
  },
];
const scope = (key: string, prefix_rewrite: string): object => ({
  name: key,
  key: { fragments: [{ string_key: key }] },
  route_configuration: {
    name: key,
    virtual_hosts: [
      { name: 'v', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'c', prefix_rewrite } }] },
    ],
  },
});
const SCOPED = {
  scoped_routes: {
    name: 's',
    scope_key_builder: { fragments: [{ header_value_extractor: { name: 'x-sub', index: 0 } }] },
    scoped_route_configurations_list: {
      scoped_route_configurations: [scope('alice', '/of-alice/'), scope('mallory', '/of-mallory/')],
    },
  },
};

const AGAIN = 'the proxy looks for a route anew once it has accepted a token';

/** Each with why requests are left open. */
const CASES: Readonly<Record<string, Case & { readonly open?: readonly string[] }>> = {
  'the route stays': { providers: { one }, requires, routes: ROUTES, requests },
  'the route is looked for anew': {
    providers: { one: anew },
    requires,
    routes: ROUTES,
    requests,
  },
  'the route is looked for anew, without its token': {
    providers: { one: anew },
    requires,
    routes: BY_TOKEN,
    requests,
  },
  'the route stays, whose token goes': { providers: { one }, requires, routes: BY_TOKEN, requests },
  'the route stays where no claim went into a header': {
    providers: { one: { ...anew, ...claims('nothing'), forward_payload_header: 'x-payload' } },
    requires,
    routes: BY_TOKEN,
    requests,
  },
  'the route is looked for anew where claims went into metadata': {
    providers: { one: { ...anew, ...claims('nothing'), payload_in_metadata: 'payload' } },
    requires,
    routes: BY_TOKEN,
    requests: requests.slice(0, 2),
  },
  'the route is looked for anew by claims': { providers: { one: noting }, requires, routes: BY_CLAIM, requests },
  'the route is looked for anew by claims, or none takes it': {
    providers: { one: noting },
    requires,
    routes: BY_CLAIM.slice(0, 2),
    requests,
  },
  'the route stays, whose claims another asks for': {
    providers: { one: { ...noting, clear_route_cache: false } },
    requires,
    routes: BY_CLAIM,
    requests,
  },
  'the route is looked for anew, and switches a filter on or off': {
    providers: { one: anew },
    requires,
    routes: SWITCHING,
    behind: [denying({ all: { any: true } })],
    requests,
    open: [AGAIN],
  },
  'the route is looked for anew, and says what a filter does': {
    providers: { one: anew },
    requires,
    routes: OVERRIDING,
    behind: [denying({ none: { not_id: { any: true } } })],
    requests,
  },
  'the route has all requests': { providers: { one: anew }, requires, routes: FRACTIONS, requests },
  'the cluster stays that a header named': { providers: { one }, requires, routes: BY_HEADER, requests },
  'the cluster is looked for anew': {
    providers: { one: anew },
    requires,
    routes: BY_HEADER,
    requests,
  },
  'the weighted cluster stays': {
    providers: { one },
    requires,
    routes: weighted({ header_name: 'x-weight' }),
    requests: requests.slice(3, 4),
  },
  'the weighted cluster is looked for anew': {
    providers: { one: anew },
    requires,
    routes: weighted({ header_name: 'x-weight' }),
    requests: requests.slice(3, 4),
  },
  'a cluster was to be drawn, and the route is another one': {
    providers: { one: anew },
    requires,
    routes: [...ROUTES.slice(0, 1), ...weighted({})],
    requests: requests.slice(5, 6),
  },
  'the route was drawn, and is another one': {
    providers: { one: anew },
    requires,
    routes: [...ROUTES.slice(0, 1), HALF, toCluster],
    requests: requests.slice(5, 6),
    // On each of both routes.
    open: [`${AGAIN},undetermined: ${AGAIN}`],
  },
  'the scope stays': { providers: { one }, requires, manager: SCOPED, requests },
  'the scope is looked for anew': {
    providers: { one: anew },
    requires,
    manager: SCOPED,
    requests,
    open: [AGAIN, AGAIN, AGAIN],
  },
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(Object.entries(CASES))(
    'routes as we say: %s',
    async (name, { open = [], ...tried }) => {
      expect(await expectHeld(grounds, version, name, tried)).toEqual(open);
    },
    120_000,
  );

  it('draws one of several clusters before it accepts a token', async () => {
    const drawn: Case = {
      providers: { one },
      requires,
      routes: weighted({ header_name: 'x-weight' }),
      requests: Array.from({ length: 40 }, () => ({ headers: [bearer(alice)] })),
    };
    const held = await holdCase(grounds, version, 'the weighted cluster was drawn', drawn);
    const clusterOf = (end: string): string => end.split(' ').slice(0, 2).join(' ');
    const told = held.flatMap(({ ours }) => ours.map((outcome) => clusterOf(expectedOf(outcome).end)));
    expect(new Set(told)).toEqual(new Set(['upstream c', 'upstream d']));
    expect(new Set(held.map(({ seen }) => clusterOf(seen.end)))).toEqual(new Set(told));
  }, 120_000);
});
