/**
 * Two real Envoys one behind the other: to which hosts retries of what the second answers go over, and what becomes of what takes its
 * time there, held against what `explain` makes of both dumps.
 */
import { expect, it } from 'vitest';
import { finishBranches, type Finished } from '../../../src/explain/walk/finish.ts';
import { proxyEnd, waitingProxy } from '../../../src/explain/walk/proxy-end.ts';
import type { WalkState } from '../../../src/explain/walk/state.ts';
import type { Branch } from '../../../src/model/explanation.ts';
import type { EnvoyFacts, EnvoyOutcome } from '../../../src/model/envoy.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';
import { answersOf } from './answers-of.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import { holdAgainst, readFacts } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const REQUESTS = 240;
/** How many standard deviations: chance goes beyond it once in a million counts. */
const FAR = 5;

const grounds = prepareGrounds(1);

const answer = (status: number): object[] => [{ match: { prefix: '/' }, direct_response: { status } }];
const fault = (config: object): object => ({
  name: 'fault',
  typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', ...config },
});
const percentage = (numerator: number): object => ({ percentage: { numerator } });
const late = { delay: { fixed_delay: '1s', ...percentage(100) } };

/** Kinds of hosts: listeners of the second Envoy, and one where nobody listens. */
const HOSTS = {
  good: { routes: answer(200) },
  failing: { routes: answer(503) },
  denying: { routes: answer(403) },
  shaky: { routes: answer(200), filters: [fault({ abort: { http_status: 503, ...percentage(50) } })] },
  late: { routes: answer(200), filters: [fault(late)] },
  'late-and-failing': { routes: answer(503), filters: [fault(late)] },
  nobody: null,
} as const;

type Host = keyof typeof HOSTS;

interface Case {
  readonly hosts: readonly Host[];
  readonly retry?: object;
  readonly action?: object;
  readonly requests?: number;
}

const PREVIOUS_HOSTS = {
  retry_host_predicate: [
    {
      name: 'p',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
      },
    },
  ],
  host_selection_retry_max_attempts: 5,
};
const TWICE = { retry_on: '5xx', num_retries: 2 };

const CASES: readonly (readonly [string, Case])[] = [
  ['one of three, and a retry takes any', { hosts: ['good', 'good', 'failing'], retry: { ...TWICE, num_retries: 1 } }],
  [
    'two of three, and a retry takes others',
    { hosts: ['good', 'failing', 'failing'], retry: { ...TWICE, ...PREVIOUS_HOSTS } },
  ],
  ['two of three, and a retry takes any', { hosts: ['good', 'failing', 'failing'], retry: TWICE }],
  ['all of them', { hosts: ['failing', 'failing'], retry: { ...TWICE, ...PREVIOUS_HOSTS } }],
  ['a status that is not tried again', { hosts: ['good', 'denying'], retry: TWICE }],
  ['one that is, beside one that is not', { hosts: ['failing', 'denying'], retry: TWICE }],
  [
    'one where nobody listens as well',
    { hosts: ['good', 'failing', 'nobody', 'nobody'], retry: { ...TWICE, ...PREVIOUS_HOSTS } },
  ],
  ['one that fails by halves', { hosts: ['shaky'], retry: TWICE }],
  ['one that fails by halves, and one for good', { hosts: ['shaky', 'failing'], retry: { ...TWICE, num_retries: 1 } }],
  ['no retries', { hosts: ['good', 'failing'], retry: { ...TWICE, num_retries: 0 } }],
];

const EACH = { per_try_timeout: '0.3s' };

/** Where the second holds the request for a second. */
const LATE: readonly (readonly [string, Case, string])[] = [
  ['no limit', { hosts: ['late'], action: { timeout: '0s' } }, '200 - x1'],
  ['the limit that every route has', { hosts: ['late'] }, '200 - x1'],
  ['a limit for all', { hosts: ['late'], retry: TWICE, action: { timeout: '0.5s' } }, '504 UT x1'],
  ['a limit for each', { hosts: ['late'], retry: { ...TWICE, ...EACH } }, '504 URX,UT x3'],
  [
    'a limit for each, not tried again',
    { hosts: ['late'], retry: { retry_on: 'connect-failure', ...EACH } },
    '504 UT x1',
  ],
  [
    'a limit for each, without a retry',
    { hosts: ['late'], retry: { ...TWICE, ...EACH, num_retries: 0 } },
    '504 URX,UT x1',
  ],
  [
    'a limit for each, tried again as a reset is',
    { hosts: ['late'], retry: { retry_on: 'reset', ...EACH } },
    '504 URX,UT x2',
  ],
  [
    'a limit for all that is over before those for each',
    { hosts: ['late'], retry: { ...TWICE, ...EACH }, action: { timeout: '0.5s' } },
    '504 UT x2',
  ],
  [
    'an answer in time',
    { hosts: ['late-and-failing'], retry: { ...TWICE, num_retries: 1 }, action: { timeout: '9s' } },
    '503 URX x2',
  ],
  [
    'an answer too late for a retry',
    { hosts: ['late-and-failing'], retry: TWICE, action: { timeout: '1.5s' } },
    '504 UT x2',
  ],
];

/** What `explain` tells of an outcome of the first. */
function branchesOf(outcomes: readonly EnvoyOutcome[], second: EnvoyFacts, nobody: ReadonlySet<number>): Branch[] {
  const visit = {};
  const ends = outcomes.flatMap((outcome): Finished[] => {
    if (outcome.end.kind !== 'upstream') throw new Error(JSON.stringify(outcome));
    const asked = outcome.end;
    const frame = waitingProxy({} as PodFact, outcome, asked, visit);
    const backend = { pod: null, node: null, ip: asked.address, port: asked.port };
    const state = (probability: number): WalkState => ({
      probability: probability * outcome.probability,
      conditions: [],
      place: { kind: 'client' },
      flow: null,
      request: asked.request,
      hops: [],
      proxies: [frame],
      passages: [],
      met: [],
    });
    if (nobody.has(asked.port))
      return [{ state: state(1), end: { disposition: 'refused', reason: 'Nobody listens.', backend } }];
    return answersOf(second, asked).map(({ probability, end }) => {
      if (end.kind !== 'reply') throw new Error(JSON.stringify(end));
      return { state: state(probability), end: { ...proxyEnd(end, 'It is answered.'), backend } };
    });
  });
  return finishBranches(ends);
}

async function hold(version: string, name: string, { hosts, retry, action, requests = REQUESTS }: Case) {
  const binary = installEnvoy(version);
  const later = grounds.folder(`${version}-${name}-behind`);
  const ports = await Promise.all(hosts.map(() => freePort()));
  const listeners = hosts.flatMap((host, at) => {
    const kind = HOSTS[host];
    if (kind === null) return [];
    const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes: kind.routes }] };
    const filters = 'filters' in kind ? kind.filters : [];
    return [{ ...managedListener(later, ports[at] ?? 0, { route_config }, filters), name: `l${at}` }];
  });
  const second = await EnvoyProcess.start(binary, later, { static_resources: { listeners } });
  try {
    const [front, folder] = [await freePort(), grounds.folder(`${version}-${name}`)];
    const route = { cluster: 'c', ...action, ...(retry && { retry_policy: retry }) };
    const routes = [{ name: 'r', match: { prefix: '/' }, route }];
    const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
    const config = {
      static_resources: {
        listeners: [managedListener(folder, front, { route_config })],
        clusters: [
          staticCluster('c', ports, { lb_policy: 'RANDOM', circuit_breakers: { thresholds: [{ max_retries: 99 }] } }),
        ],
      },
    };
    const probes = Array.from({ length: requests }, () => plainProbe(front));
    const held = await holdAgainst(binary, folder, config, probes, grounds.certificates);
    const nobody = new Set(ports.filter((_, at) => hosts[at] === 'nobody'));
    const branches = branchesOf(held[0]!.ours, await readFacts(second, false), nobody);
    return { held, branches };
  } finally {
    await second.stop();
  }
}

it.each(CASES)(
  'shares: %s',
  async (name, what) => {
    const { held, branches } = await hold(ENVOY_VERSIONS[0]!, name, what);
    const shares = new Map<string, number>();
    for (const { status, probability, backend } of branches) {
      const key = `${status} ${backend?.port}`;
      shares.set(key, (shares.get(key) ?? 0) + probability);
    }
    expect([...shares.values()].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    const counts = new Map<string, number>();
    for (const { reply, seen } of held) {
      const key = `${reply.status} ${/:(\d+)( |$)/.exec(seen.end)?.[1]}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const both = JSON.stringify({ shares: [...shares], counts: [...counts] });
    expect(
      [...counts.keys()].filter((key) => (shares.get(key) ?? 0) === 0),
      both,
    ).toEqual([]);
    for (const [key, share] of shares) {
      const far = FAR * Math.sqrt(REQUESTS * share * (1 - share));
      expect(Math.abs((counts.get(key) ?? 0) - REQUESTS * share), `${key} of ${both}`).toBeLessThanOrEqual(far + 1e-9);
    }
  },
  120_000,
);

/** As `explain` tells it: `503 URX x3`. */
function told({ disposition, status, flag, reason }: Branch): string {
  if (disposition === 'undetermined') return disposition;
  const [, spent = '-'] = /\((URX)\)/.exec(reason) ?? [];
  const [, attempts = '1'] = /(\d+) (?:such answers|attempts)/.exec(reason) ?? [];
  return `${status} ${flag?.includes('UT') === true ? flag : spent} x${attempts}`;
}

it.each(ENVOY_VERSIONS.flatMap((version) => LATE.map((one) => [version, ...one] as const)))(
  'Envoy %s, held for a second: %s',
  async (version, name, what, end) => {
    const { held, branches } = await hold(version, name, { ...what, requests: 2 });
    const happened = held.map(({ reply, flags, attempts }) => `${reply.status} ${flags} x${attempts}`);
    expect(happened).toEqual([end, end]);
    // How many attempts there are within a limit for all is left open.
    expect(branches.map(told)).toEqual([end === '504 UT x2' ? 'undetermined' : end]);
  },
  120_000,
);
