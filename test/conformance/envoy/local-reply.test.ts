/** What mappers of local_reply_config make of answers that a proxy gives itself, at random, held against the real Envoy. */
import { expect, it } from 'vitest';
import { toldUnconnected } from '../../evaluate/proxies/envoy/told-client.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { rbacFilter } from './istio-custom.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import type { Probe } from './probe.ts';
import { Random } from './random.ts';
import { holdAgainst } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);
const WORLDS = 40;

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http';
const abort = { http_status: 429, percentage: { numerator: 100 } };
const delay = { fixed_delay: '0.01s', percentage: { numerator: 100 } };
const fault = (more: object): object => ({ fault: { '@type': `${TYPE}.fault.v3.HTTPFault`, ...more } });
const DENIED = {
  rbac: {
    '@type': `${TYPE}.rbac.v3.RBACPerRoute`,
    rbac: { rules: { action: 'DENY', policies: { p: { permissions: [{ any: true }], principals: [{ any: true }] } } } },
  },
};

/** Ways to be answered by the proxy, by path; what has no route is NR. */
const ROUTES: readonly object[] = [
  { match: { path: '/direct' }, direct_response: { status: 404, body: { inline_string: 'direct' } } },
  { match: { path: '/redirect' }, redirect: { path_redirect: '/' } },
  { match: { path: '/denied' }, typed_per_filter_config: DENIED, route: { cluster: 'c' } },
  { match: { path: '/aborted' }, typed_per_filter_config: fault({ abort }), route: { cluster: 'c' } },
  { match: { path: '/empty' }, route: { cluster: 'empty' } },
  { match: { path: '/missing' }, route: { cluster: 'missing' } },
  { match: { path: '/refused' }, route: { cluster: 'refusing' } },
  {
    match: { path: '/tried' },
    typed_per_filter_config: fault({ delay }),
    route: { cluster: 'refusing', retry_policy: { retry_on: 'connect-failure', num_retries: 1 } },
  },
  { match: { path: '/there' }, route: { cluster: 'c' } },
];
const PATHS = [
  ...['direct', 'redirect', 'denied', 'aborted', 'empty', 'missing', 'refused', 'tried', 'there', 'nowhere'].map(
    (name) => `/${name}`,
  ),
  // The codec refuses it.
  '/\u0001',
];

const FLAGS = ['NR', 'UH', 'UF', 'URX', 'FI', 'DI', 'NC'];

function filter(random: Random, depth = 0): object {
  const value = { default_value: random.pick([0, 301, 400, 403, 404, 429, 500, 503]), runtime_key: 'none' };
  const several = (): object => ({ filters: [filter(random, depth + 1), filter(random, depth + 1)] });
  return random.pick<() => object>([
    () => ({ status_code_filter: { comparison: { op: random.pick(['EQ', 'EQ', 'GE', 'LE', 'NE']), value } } }),
    () => ({ response_flag_filter: random.maybe(0.8, () => ({ flags: random.some(FLAGS, 1, 2) })) }),
    ...(depth < 2 ? [(): object => ({ and_filter: several() }), (): object => ({ or_filter: several() })] : []),
  ])();
}

function mapper(random: Random): object {
  return {
    filter: filter(random),
    ...random.maybe(0.8, () => ({ status_code: random.pick([200, 410, 418, 503, 599]) })),
    ...random.maybe(0.4, () => ({ body: { inline_string: 'another' } })),
    ...random.maybe(0.2, () => ({ headers_to_add: [{ header: { key: 'x-mapped', value: 'yes' } }] })),
  };
}

/** What we tell of the answer: its status, and its body where we know it. */
function told({ ours }: Held): { readonly status: number | null | undefined; readonly body: string | null } | 'open' {
  const [outcome, other] = ours;
  if (outcome === undefined || other !== undefined) throw new Error(JSON.stringify(ours));
  const { end } = outcome;
  if (end.kind === 'undetermined') return 'open';
  if (end.kind === 'reply') return { status: end.status, body: end.body };
  if (end.kind !== 'upstream') throw new Error(JSON.stringify(end));
  const status = end.cluster === 'refusing' ? toldUnconnected(end).status : 200;
  return { status, body: null };
}

it.each(ENVOY_VERSIONS.map((version, at) => [version, at + 1] as const))(
  'Envoy %s, seed %i',
  async (version, seed) => {
    const random = new Random(seed);
    const folder = grounds.folder(version);
    const route_config = {
      name: 'r',
      validate_clusters: false,
      virtual_hosts: [{ name: 'v', domains: ['*'], routes: ROUTES }],
    };
    const filters = [
      rbacFilter('http', 'rbac', {}),
      { name: 'fault', typed_config: { '@type': `${TYPE}.fault.v3.HTTPFault` } },
    ];
    const listeners: object[] = [];
    const probes: Probe[] = [];
    for (let number = 0; number < WORLDS; number++) {
      const port = await freePort();
      const mappers = Array.from({ length: 1 + random.below(3) }, () => mapper(random));
      const manager = { route_config, local_reply_config: { mappers } };
      listeners.push({ ...managedListener(folder, port, manager, filters), name: `l${number}` });
      probes.push(...PATHS.map((path) => plainProbe(port, { listener: `l${number}`, path })));
    }
    const clusters = [
      staticCluster('c', [grounds.upstreams.ports[0]]),
      staticCluster('empty', []),
      // Many at a time are tried again.
      staticCluster('refusing', [await freePort()], { circuit_breakers: { thresholds: [{ max_retries: 1000 }] } }),
    ];
    const config = { static_resources: { listeners, clusters } };
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    const answers = held.map((one) => ({ probe: one.probe, ours: told(one), reply: one.reply }));
    const known = answers.filter(({ ours }) => ours !== 'open');
    const label = ({ probe }: { probe: Probe }): string => `${probe.listener} ${probe.path}`;
    expect(known.map((one) => [label(one), one.reply.status])).toEqual(
      known.map((one) => [label(one), one.ours === 'open' ? null : one.ours.status]),
    );
    const withBody = known.flatMap((one) =>
      one.ours === 'open' || one.ours.body === null ? [] : [{ ...one, body: one.ours.body }],
    );
    expect(withBody.map((one) => [label(one), one.reply.body])).toEqual(withBody.map((one) => [label(one), one.body]));
    // A flag that the codec's refusal has or has not.
    expect(answers.filter(({ ours }) => ours === 'open').every(({ probe }) => probe.path === PATHS.at(-1))).toBe(true);
    expect(new Set(known.map(({ reply }) => reply.status)).size).toBeGreaterThan(8);
  },
  120_000,
);
