/** CORS policies on every level that may have one, held against the real Envoy: each member counts where it is nearest. */
import { describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { corsManager, type CorsLevels } from '../../evaluate/proxies/envoy/http/cors-levels.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { agrees, expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

const TYPE = 'type.googleapis.com/envoy';
const policy = (more: object = {}): object => ({
  '@type': `${TYPE}.extensions.filters.http.cors.v3.CorsPolicy`,
  ...more,
});
const origins = (...matchers: readonly object[]): object => ({ allow_origin_string_match: matchers });
const O = origins({ exact: 'http://o' });
const P = origins({ exact: 'http://p' });
const STRICT = { forward_not_matching_preflights: false };
const share = (numerator: number): object => ({ default_value: { numerator, denominator: 'HUNDRED' } });
const OFF = { filter_enabled: share(0) };
const filterConfig = (more: object): object => ({ '@type': `${TYPE}.config.route.v3.FilterConfig`, ...more });

const PASSED = /^upstream c /;
const ANSWERED = /^reply 200 - cors_response$/;
const EITHER = /^(upstream c |reply 200 - cors_response)/;

/** With what becomes of a preflight of http://o. */
const CASES: readonly (readonly [string, RegExp, CorsLevels])[] = [
  ['no policy', PASSED, {}],
  ['an empty one', PASSED, { route: policy() }],
  ['one that takes nothing and forwards nothing', ANSWERED, { route: policy(STRICT) }],
  ['a matcher that takes a star', ANSWERED, { route: policy(origins({ prefix: '*' })) }],
  ['a pattern of one letter', ANSWERED, { route: policy(origins({ safe_regex: { regex: '.' } })) }],
  ['the route configuration', ANSWERED, { config: policy(O) }],
  ['the host before the configuration', ANSWERED, { host: policy(O), config: policy(P) }],
  ['the route before the host', PASSED, { route: policy(P), host: policy(O) }],
  ['the weighted cluster before the route', ANSWERED, { weighted: policy(O), route: policy(P) }],
  ['the weighted cluster, for another origin', PASSED, { weighted: policy(P), route: policy(O) }],
  ['the first origins', ANSWERED, { route: policy(), host: policy({ max_age: '1' }), config: policy(O) }],
  ['origins and strictness apart', ANSWERED, { route: policy(P), config: policy(STRICT) }],
  [
    'the first strictness',
    PASSED,
    { route: policy(P), host: policy({ forward_not_matching_preflights: true }), config: policy(STRICT) },
  ],
  ['the first is off', PASSED, { route: policy({ ...O, ...OFF }), host: policy(O) }],
  ['the second is off', ANSWERED, { route: policy(), host: policy({ ...O, ...OFF }) }],
  ['one that only counts', PASSED, { route: policy({ ...O, ...OFF, shadow_enabled: share(100) }) }],
  ['a part of requests', EITHER, { route: policy({ ...O, filter_enabled: share(50), shadow_enabled: share(50) }) }],
  ['a level that switches on', ANSWERED, { route: filterConfig({ config: {} }), host: policy(O) }],
  [
    'a level that switches off has no policy',
    PASSED,
    { route: policy(), host: filterConfig({ disabled: true, config: policy(O) }) },
  ],
  ['a wrapped policy', ANSWERED, { route: filterConfig({ config: policy(STRICT) }), host: policy(P) }],
  ['older fields, the route first', PASSED, { olderRoute: P, olderHost: O }],
  ['older fields, merged', ANSWERED, { olderRoute: { allow_methods: 'GET' }, olderHost: O }],
  ['older fields beside an override', PASSED, { olderRoute: O, config: policy() }],
  [
    'local replies are rewritten',
    ANSWERED,
    {
      route: policy(O),
      manager: {
        local_reply_config: {
          mappers: [
            {
              filter: {
                status_code_filter: {
                  comparison: { op: 'GE', value: { default_value: 0, runtime_key: 'no.such.key' } },
                },
              },
              status_code: 418,
            },
          ],
        },
      },
    },
  ],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, end, levels) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const probes = [
        plainProbe(port, preflight('http://o')),
        plainProbe(port, preflight('http://q')),
        plainProbe(port, preflight('')),
        plainProbe(port, { method: 'OPTIONS', headers: [['access-control-request-method', 'GET']] }),
        plainProbe(port, { method: 'OPTIONS', headers: [['origin', 'http://o']] }),
        plainProbe(port, { headers: [['origin', 'http://o']] }),
      ];
      const config = {
        static_resources: {
          listeners: [managedListener(folder, port, corsManager(levels), [FILTER])],
          clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
        },
      };
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      for (const { probe, seen, ours } of held)
        expect(
          ours.map(expectedOf).some((expected) => agrees(seen, expected)),
          `${JSON.stringify(probe.headers)}: ${seen.end}, and ours ${ours.map((one) => expectedOf(one).end).join()}`,
        ).toBe(true);
      expect(held[0]?.seen.end).toMatch(end);
    },
    120_000,
  );
});

const FILTER = { name: 'cors', typed_config: { '@type': `${TYPE}.extensions.filters.http.cors.v3.Cors` } };

function preflight(origin: string): { method: string; headers: readonly (readonly [string, string])[] } {
  return {
    method: 'OPTIONS',
    headers: [
      ['origin', origin],
      ['access-control-request-method', 'GET'],
    ],
  };
}
