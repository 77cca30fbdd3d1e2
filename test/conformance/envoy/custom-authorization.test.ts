/**
 * External authorization that is asked about some requests alone, as Istio's AuthorizationPolicy with action CUSTOM has it: shadow rules
 * of an RBAC filter note which policy matches, and ext_authz asks where they did. Its service says no to everything here, so that Envoy
 * tells whom it asked about.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { istioCondition, metadataCondition, POLICY, rbacFilter, RESULT, rules } from './istio-custom.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);
const service = createServer((_, response) => response.writeHead(403).end());

beforeAll(async () => {
  await once(service.listen(0, '127.0.0.1'), 'listening');
}, 300_000);

afterAll(() => {
  service.close();
  service.closeAllConnections();
});

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const ASKED = 'undetermined: HTTP filter ext_authz: an external authorization service decides';
const DENIED = 'reply 403 UAEX ext_authz_denied';

const byPath = (prefix: string): object => ({
  permissions: [{ url_path: { path: { prefix } } }],
  principals: [{ any: true }],
});
const policies = { 'istio-ext-authz-ns[a]-policy[p]-rule[0]': byPath('/asked') };
const asking = (action: string): object => rules(action, policies);
const rbac = (name: string, config: object): object => rbacFilter('http', name, config);
const shadow = rbac('rbac', { shadow_rules: asking('DENY') });
const metadata = (key: string, value: object, more: object = {}): object => metadataCondition('http', key, value, more);
const ISTIO = istioCondition('http');
const authz = (more: object, cluster = 'authz'): object => ({
  name: 'ext_authz',
  typed_config: {
    '@type': `${HTTP}.ext_authz.v3.ExtAuthz`,
    http_service: { server_uri: { uri: 'http://authz', cluster, timeout: '2s' } },
    ...more,
  },
});
const perRoute = (rbacOfRoute: object): object => ({
  rbac: { '@type': `${HTTP}.rbac.v3.RBACPerRoute`, rbac: rbacOfRoute },
});
const matcher = {
  matcher_list: {
    matchers: [
      {
        predicate: {
          single_predicate: {
            input: {
              name: 'header',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput',
                header_name: ':path',
              },
            },
            value_match: { prefix: '/asked' },
          },
        },
        on_match: {
          action: {
            name: 'action',
            typed_config: {
              '@type': 'type.googleapis.com/envoy.config.rbac.v3.Action',
              name: 'istio-ext-authz-matched',
              action: 'DENY',
            },
          },
        },
      },
    ],
  },
};

/** Filters, and overrides of the route under /own. */
const CASES: readonly (readonly [string, readonly object[], object])[] = [
  ['as Istio writes it', [shadow, authz(ISTIO)], {}],
  ['of another provider', [shadow, authz(metadata(POLICY, { string_match: { prefix: 'other' } }))], {}],
  ['by the result', [shadow, authz(metadata(RESULT, { string_match: { exact: 'denied' } }))], {}],
  [
    'by the result of rules that allow',
    [rbac('rbac', { shadow_rules: asking('ALLOW') }), authz(metadata(RESULT, { string_match: { exact: 'denied' } }))],
    {},
  ],
  ['of rules that log', [rbac('rbac', { shadow_rules: asking('LOG') }), authz(ISTIO)], {}],
  ['of a matcher', [rbac('rbac', { shadow_matcher: matcher }), authz(ISTIO)], {}],
  ['inverted', [shadow, authz(metadata(POLICY, { string_match: { prefix: 'istio' } }, { invert: true }))], {}],
  ['by presence', [shadow, authz(metadata(POLICY, { present_match: true }))], {}],
  [
    'one of several values',
    [
      shadow,
      authz(
        metadata(POLICY, {
          or_match: { value_matchers: [{ bool_match: true }, { string_match: { suffix: 'rule[0]' } }] },
        }),
      ),
    ],
    {},
  ],
  ['of a key that nothing sets', [shadow, authz(metadata(`x_${POLICY}`, { present_match: true }))], {}],
  [
    'two filters, of which the later matches nothing',
    [shadow, rbac('later', { shadow_rules: rules('DENY', { none: byPath('/none') }) }), authz(ISTIO)],
    {},
  ],
  [
    'two filters, of which the later matches another policy',
    [shadow, rbac('later', { shadow_rules: rules('DENY', { other: byPath('/asked/other') }) }), authz(ISTIO)],
    {},
  ],
  [
    'shadow rules of a route',
    [shadow, authz(ISTIO)],
    perRoute({ shadow_rules: rules('DENY', { 'istio-ext-authz-own': byPath('/own/asked') }) }),
  ],
  ['a route without rules', [shadow, authz(ISTIO)], perRoute({})],
  [
    'rules that are enforced too',
    [rbac('rbac', { shadow_rules: asking('DENY'), rules: rules('DENY', { no: byPath('/asked/no') }) }), authz(ISTIO)],
    {},
  ],
  ['a service without hosts', [shadow, authz(ISTIO, 'nowhere')], {}],
  ['a service without hosts, failing open', [shadow, authz({ ...ISTIO, failure_mode_allow: true }, 'nowhere')], {}],
  [
    'switched off beside it',
    [shadow, authz({ ...ISTIO, filter_enabled: { default_value: { numerator: 0 }, runtime_key: 'no.such.key' } })],
    {},
  ],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    'asks about the requests that we say it asks about: %s',
    async (name, filters, overrides) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const routes = [
        { match: { prefix: '/own' }, route: { cluster: 'c' }, typed_per_filter_config: overrides },
        { match: { prefix: '/' }, route: { cluster: 'c' } },
      ];
      const config = {
        static_resources: {
          listeners: [plainListener(folder, port, routes, filters)],
          clusters: [
            staticCluster('c', [grounds.upstreams.ports[0]]),
            staticCluster('authz', [(service.address() as AddressInfo).port]),
            staticCluster('nowhere', []),
          ],
        },
      };
      const probes = ['/', '/asked', '/asked/other', '/asked/no', '/own', '/own/asked'].map((target) =>
        plainProbe(port, { path: target }),
      );
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      const told = held.map(({ probe, ours }) => [probe.path, ours.map((outcome) => expectedOf(outcome).end)]);
      expect(told).toEqual(held.map(({ probe, seen }) => [probe.path, [seen.end === DENIED ? ASKED : seen.end]]));
    },
    120_000,
  );
});
