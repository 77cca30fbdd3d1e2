/**
 * Probabilities, held against how often the real Envoy does what: a chi-square test for each case. Envoy's random numbers cannot be
 * seeded, so that the limit lies where chance crosses it once in a million runs.
 */
import { beforeAll, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { expectedOf } from './verdict.ts';

const REQUESTS = Number(process.env['ENVOY_DISTRIBUTION_REQUESTS'] ?? 240);

const grounds = prepareGrounds(6);
let binary: string;

beforeAll(() => {
  binary = installEnvoy(ENVOY_VERSIONS[0]!);
}, 300_000);

const locality = (hosts: readonly object[], more: object = {}): object => ({ lb_endpoints: hosts, ...more });
const host = (index: number, more: object = {}): object => ({
  endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: grounds.upstreams.ports[index] } } },
  ...more,
});
const cluster = (name: string, endpoints: readonly object[], more: object = {}): object => ({
  name,
  type: 'STATIC',
  load_assignment: { cluster_name: name, endpoints },
  ...more,
});
const routes = (...list: readonly object[]): object[] => list.map((route) => ({ match: { prefix: '/' }, ...route }));
const weighted = (weights: Readonly<Record<string, number>>): object => ({
  route: { weighted_clusters: { clusters: Object.entries(weights).map(([name, weight]) => ({ name, weight })) } },
});
const fraction = (numerator: number, denominator = 'HUNDRED'): object => ({
  match: { prefix: '/', runtime_fraction: { default_value: { numerator, denominator } } },
});

interface Case {
  readonly routes: object[];
  readonly clusters: object[];
  readonly filters?: object[];
  readonly probe?: Partial<Probe>;
}

/** Preflights under a CORS policy. @param on per cent for which it is on @param counting per cent of which it only counts */
const preflights = (on: number, counting: number): Case => ({
  routes: routes({
    route: { cluster: 'a' },
    typed_per_filter_config: {
      cors: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy',
        allow_origin_string_match: [{ exact: 'http://o' }],
        filter_enabled: { default_value: { numerator: on } },
        shadow_enabled: { default_value: { numerator: counting } },
      },
    },
  }),
  clusters: [cluster('a', [locality([host(0)])])],
  filters: [
    {
      name: 'cors',
      typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors' },
    },
  ],
  probe: {
    method: 'OPTIONS',
    headers: [
      ['origin', 'http://o'],
      ['access-control-request-method', 'GET'],
    ],
  },
});

const CASES: readonly (readonly [string, () => Case])[] = [
  [
    'weights of clusters',
    () => ({
      routes: routes(weighted({ a: 50, b: 30, c: 20 })),
      clusters: ['a', 'b', 'c'].map((name, index) => cluster(name, [locality([host(index)])])),
    }),
  ],
  [
    'a runtime fraction and weights that share one random value',
    () => ({
      routes: routes({ ...fraction(50), route: { cluster: 'a' } }, weighted({ b: 50, c: 30, d: 20 })),
      clusters: ['a', 'b', 'c', 'd'].map((name, index) => cluster(name, [locality([host(index)])])),
    }),
  ],
  [
    'a runtime fraction of another modulus',
    () => ({
      routes: routes({ ...fraction(3000, 'TEN_THOUSAND'), route: { cluster: 'a' } }, weighted({ b: 3, c: 4 })),
      clusters: ['a', 'b', 'c'].map((name, index) => cluster(name, [locality([host(index)])])),
    }),
  ],
  [
    'host weights, round robin',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster('a', [locality([host(0, { load_balancing_weight: 1 }), host(1, { load_balancing_weight: 3 })])]),
      ],
    }),
  ],
  [
    'host weights, least request',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster('a', [locality([host(0, { load_balancing_weight: 2 }), host(1, { load_balancing_weight: 3 })])], {
          lb_policy: 'LEAST_REQUEST',
          least_request_lb_config: { active_request_bias: { default_value: 0.0001, runtime_key: 'no.such.key' } },
        }),
      ],
    }),
  ],
  [
    'random, which does not look at host weights',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster('a', [locality([host(0, { load_balancing_weight: 1 }), host(1, { load_balancing_weight: 9 })])], {
          lb_policy: 'RANDOM',
        }),
      ],
    }),
  ],
  [
    'priorities with too few healthy hosts',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster('a', [
          locality([host(0), host(1, { health_status: 'UNHEALTHY' }), host(2, { health_status: 'UNHEALTHY' })], {
            priority: 0,
          }),
          locality([host(3), host(4, { health_status: 'DEGRADED' })], { priority: 1 }),
        ]),
      ],
    }),
  ],
  [
    'panic',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster('a', [locality([host(0), ...[1, 2, 3].map((index) => host(index, { health_status: 'UNHEALTHY' }))])]),
      ],
    }),
  ],
  [
    'locality weights, one locality half healthy',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        cluster(
          'a',
          [
            locality([host(0), host(1)], { locality: { zone: 'one' }, load_balancing_weight: 3 }),
            locality([host(2), host(3, { health_status: 'UNHEALTHY' })], {
              locality: { zone: 'two' },
              load_balancing_weight: 2,
            }),
          ],
          { common_lb_config: { locality_weighted_lb_config: {} } },
        ),
      ],
    }),
  ],
  [
    'an abort and a delay drawn apart',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [cluster('a', [locality([host(0)])])],
      filters: [
        {
          name: 'fault',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault',
            abort: { http_status: 418, percentage: { numerator: 40 } },
            delay: { fixed_delay: '0.002s', percentage: { numerator: 25 } },
          },
        },
      ],
    }),
  ],
  ['a CORS policy that is on for some and counts others', () => preflights(25, 50)],
  ['a CORS policy that is off and counts a half', () => preflights(0, 50)],
  [
    'a part of requests dropped',
    () => ({
      routes: routes({ route: { cluster: 'a' } }),
      clusters: [
        {
          name: 'a',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'a',
            endpoints: [locality([host(0)])],
            policy: { drop_overloads: [{ category: 'some', drop_percentage: { numerator: 35 } }] },
          },
        },
      ],
    }),
  ],
];

it.each(CASES)('%s', async (name, make) => {
  const folder = grounds.folder(name);
  const { routes: list, clusters, filters = [], probe = {} } = make();
  const port = await freePort();
  const config = { static_resources: { listeners: [plainListener(folder, port, list, filters)], clusters } };
  const probes = Array.from({ length: REQUESTS }, () => plainProbe(port, probe));
  const held = await holdAgainst(binary, folder, config, probes, grounds.certificates);
  const seen = new Map<string, number>();
  for (const { end } of held.map((one) => one.seen)) seen.set(end, (seen.get(end) ?? 0) + 1);
  const shares = new Map<string, number>();
  for (const outcome of held[0]!.ours) {
    const { end } = expectedOf(outcome);
    shares.set(end, (shares.get(end) ?? 0) + outcome.probability);
  }
  expect(
    [...seen.keys()].filter((end) => !shares.has(end)),
    'what we say cannot happen',
  ).toEqual([]);
  const statistic = [...shares].reduce(
    (sum, [end, share]) => sum + ((seen.get(end) ?? 0) - REQUESTS * share) ** 2 / (REQUESTS * share),
    0,
  );
  const told = JSON.stringify({ shares: Object.fromEntries(shares), seen: Object.fromEntries(seen) });
  expect(statistic, told).toBeLessThan(chiSquareLimit(Math.max(1, shares.size - 1)));
});

/** The value that chi-square exceeds with a probability of one in a million (Wilson and Hilferty's approximation). */
function chiSquareLimit(degrees: number): number {
  const quantile = 4.753;
  const part = 2 / (9 * degrees);
  return degrees * (1 - part + quantile * Math.sqrt(part)) ** 3;
}
