/**
 * The host that a hash leads to, held against the real Envoy: rings and Maglev tables with what is hashed known. Each request must have
 * one outcome, without a condition, and Envoy must send it there.
 */
import { beforeAll, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { plainListener, plainProbe } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { expectedOf } from './verdict.ts';

const REQUESTS = 40;

const grounds = prepareGrounds(6);
let binary: string;

beforeAll(() => {
  binary = installEnvoy(ENVOY_VERSIONS[0]!);
}, 300_000);

const host = (index: number, more: object = {}): object => ({
  endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: grounds.upstreams.ports[index] } } },
  ...more,
});
const weights = (...list: readonly number[]): object[] =>
  list.map((load_balancing_weight, index) => host(index, { load_balancing_weight }));
const keyed = (index: number): object =>
  host(index, { metadata: { filter_metadata: { 'envoy.lb': { hash_key: `key-${index}` } } } });
const byUser = [{ header: { header_name: 'x-user' } }];
const typed = (name: string, config: object): object => ({
  load_balancing_policy: {
    policies: [
      {
        typed_extension_config: {
          name: `envoy.load_balancing_policies.${name}`,
          typed_config: {
            '@type': `type.googleapis.com/envoy.extensions.load_balancing_policies.${name}.v3.${name === 'maglev' ? 'Maglev' : 'RingHash'}`,
            ...config,
          },
        },
      },
    ],
  },
});

interface Case {
  readonly balancing: object;
  readonly endpoints: () => readonly object[];
  readonly policy?: readonly object[];
}

const CASES: readonly (readonly [string, Case])[] = [
  [
    'a ring by a header',
    {
      balancing: { lb_policy: 'RING_HASH' },
      endpoints: () => [{ lb_endpoints: [0, 1, 2, 3].map((index) => host(index)) }],
    },
  ],
  [
    'a ring of weighted hosts, small',
    {
      balancing: { lb_policy: 'RING_HASH', ring_hash_lb_config: { minimum_ring_size: 7, maximum_ring_size: 40 } },
      endpoints: () => [{ lb_endpoints: weights(1, 3, 5, 2) }],
    },
  ],
  [
    'a Maglev table',
    {
      balancing: { lb_policy: 'MAGLEV' },
      endpoints: () => [{ lb_endpoints: [0, 1, 2, 3, 4].map((index) => host(index)) }],
    },
  ],
  [
    'a Maglev table of weighted hosts, small',
    {
      balancing: { lb_policy: 'MAGLEV', maglev_lb_config: { table_size: 31 } },
      endpoints: () => [{ lb_endpoints: weights(4, 1, 2) }],
    },
  ],
  [
    'hosts with keys of their own',
    { balancing: { lb_policy: 'RING_HASH' }, endpoints: () => [{ lb_endpoints: [0, 1, 2].map(keyed) }] },
  ],
  [
    'unhealthy hosts left out, and two priorities',
    {
      balancing: { lb_policy: 'RING_HASH' },
      endpoints: () => [
        {
          priority: 0,
          lb_endpoints: [
            host(0),
            host(1, { health_status: 'UNHEALTHY' }),
            host(2, { health_status: 'DRAINING' }),
            host(5, { health_status: 'UNHEALTHY' }),
          ],
        },
        { priority: 1, lb_endpoints: [host(3), host(4)] },
      ],
    },
  ],
  [
    'panic',
    {
      balancing: { lb_policy: 'MAGLEV' },
      endpoints: () => [
        { lb_endpoints: [host(0), ...[1, 2, 3].map((index) => host(index, { health_status: 'UNHEALTHY' }))] },
      ],
    },
  ],
  [
    'a query parameter, a cookie and the source address together',
    {
      balancing: { lb_policy: 'RING_HASH' },
      endpoints: () => [{ lb_endpoints: [0, 1, 2, 3].map((index) => host(index)) }],
      policy: [
        { query_parameter: { name: 'q' } },
        { cookie: { name: 'who' } },
        { header: { header_name: 'x-none' } },
        { connection_properties: { source_ip: true } },
        { header: { header_name: ':path' }, terminal: true },
        { header: { header_name: 'x-user' } },
      ],
    },
  ],
  [
    'a header that is rewritten first',
    {
      balancing: { lb_policy: 'RING_HASH' },
      endpoints: () => [{ lb_endpoints: [0, 1, 2, 3].map((index) => host(index)) }],
      policy: [
        { header: { header_name: 'x-user', regex_rewrite: { pattern: { regex: 'user-(.)' }, substitution: '\\1!' } } },
      ],
    },
  ],
  [
    'a typed ring',
    { balancing: typed('ring_hash', { minimum_ring_size: 64 }), endpoints: () => [{ lb_endpoints: weights(1, 2, 1) }] },
  ],
  [
    'a typed Maglev table',
    { balancing: typed('maglev', { table_size: 1009 }), endpoints: () => [{ lb_endpoints: weights(1, 2, 1) }] },
  ],
];

it.each(CASES)('%s', async (name, { balancing, endpoints, policy = byUser }) => {
  const folder = grounds.folder(name);
  const port = await freePort();
  const cluster = {
    name: 'c',
    type: 'STATIC',
    load_assignment: { cluster_name: 'c', endpoints: endpoints() },
    ...balancing,
  };
  const route = { match: { prefix: '/' }, route: { cluster: 'c', hash_policy: policy } };
  const config = { static_resources: { listeners: [plainListener(folder, port, [route], [])], clusters: [cluster] } };
  const probes = Array.from({ length: REQUESTS }, (_, number) =>
    plainProbe(port, {
      from: `127.0.0.${1 + (number % 5)}`,
      path: `/${number % 7}?q=${number % 3}`,
      headers: [
        ['x-user', `user-${number}`],
        ['cookie', `other=1; who=someone-${number % 11}`],
      ],
    }),
  );
  const held = await holdAgainst(binary, folder, config, probes, grounds.certificates);
  for (const { seen, ours } of held) {
    expect(ours.map((outcome) => [expectedOf(outcome).end, outcome.probability, outcome.conditions])).toEqual([
      [seen.end, 1, []],
    ]);
  }
  expect(new Set(held.map(({ seen }) => seen.end)).size, 'hosts that were met').toBeGreaterThan(1);
});
