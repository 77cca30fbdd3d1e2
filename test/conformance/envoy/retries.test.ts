/**
 * Two real Envoys one behind the other: what the first asks again when the second answers or closes, held against what both dumps tell.
 */
import { describe, expect, it } from 'vitest';
import { asClientSees } from '../../../src/explain/walk/as-client-sees.ts';
import { proxyEnd, waitingProxy } from '../../../src/explain/walk/proxy-end.ts';
import type { End, ProxyFrame } from '../../../src/explain/walk/state.ts';
import type { EnvoyFacts, EnvoyUpstream } from '../../../src/model/envoy.ts';
import type { PodFact } from '../../../src/model/kubernetes.ts';
import { answersOf } from './answers-of.ts';
import { EnvoyProcess } from './envoy-process.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import { freePort } from './ports.ts';
import type { Probe } from './probe.ts';
import { holdAgainst, readFacts } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(1);

const FILTERS = 'type.googleapis.com/envoy.extensions.filters.http';
const ANY = { prefix: '/' };
const answer = (status: number): object => ({ match: ANY, direct_response: { status } });
const to = (cluster: string): object => ({ match: ANY, route: { cluster } });
const fault = (config: object): object => ({
  name: 'fault',
  typed_config: { '@type': `${FILTERS}.fault.v3.HTTPFault`, ...config },
});
const ALWAYS = { percentage: { numerator: 100 } };
const abort = (config: object): Refuser => ({
  routes: [answer(200)],
  filters: [fault({ abort: { ...config, ...ALWAYS } })],
});
const DENY_ALL = {
  name: 'rbac',
  typed_config: { '@type': `${FILTERS}.rbac.v3.RBAC`, rules: { action: 'ALLOW', policies: {} } },
};

/** A listener of the second Envoy. */
interface Refuser {
  readonly routes: readonly object[];
  readonly filters?: readonly object[];
  /** Of its filter chain. */
  readonly match?: object;
}

const REFUSERS: Readonly<Record<string, Refuser>> = {
  denies: { routes: [answer(200)], filters: [DENY_ALL] },
  'no-route': { routes: [] },
  'no-cluster': { routes: [{ match: ANY, route: { cluster_header: 'x-none' } }] },
  'no-host': { routes: [to('empty')] },
  refused: { routes: [to('refused')] },
  overflow: { routes: [to('full')] },
  conflict: abort({ http_status: 409 }),
  'too-many': abort({ http_status: 429 }),
  error: abort({ http_status: 500 }),
  'gateway-timeout': abort({ http_status: 504 }),
  'grpc-unavailable': abort({ grpc_status: 14 }),
  'grpc-exhausted': abort({ grpc_status: 8 }),
  answers: { routes: [answer(200)] },
  redirects: { routes: [{ match: ANY, redirect: { host_redirect: 'other' } }] },
  closes: { routes: [], match: { source_prefix_ranges: [{ address_prefix: '10.9.9.9', prefix_len: 32 }] } },
};

/** Where nobody listens. */
const NOBODY = 'nobody';

/** A route of the first Envoy. */
interface Policy {
  readonly retry?: object;
  readonly headers?: Probe['headers'];
  readonly action?: object;
  readonly route?: object;
  readonly cluster?: object;
  /** What no dump tells. */
  readonly open?: true;
}

const INTERNAL: [string, string] = ['x-forwarded-for', '10.0.0.1'];
const PROTOCOL = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
const ofCluster = (retry_policy: object): object => ({
  typed_extension_protocol_options: {
    [PROTOCOL]: {
      '@type': `type.googleapis.com/${PROTOCOL}`,
      explicit_http_config: { http_protocol_options: {} },
      retry_policy,
    },
  },
});
const BREAKER = (thresholds: object): object => ({ circuit_breakers: { thresholds: [thresholds] } });
const adding = (key: string, value: string): object => ({ request_headers_to_add: [{ header: { key, value } }] });

const POLICIES: Readonly<Record<string, Policy>> = {
  none: {},
  'no-condition': { retry: { num_retries: 2 } },
  '5xx': { retry: { retry_on: ' 5xx , nonsense', num_retries: 2 } },
  'not-once': { retry: { retry_on: '5xx', num_retries: 0 } },
  'gateway-error': { retry: { retry_on: 'gateway-error' } },
  'retriable-4xx': { retry: { retry_on: 'retriable-4xx', num_retries: 2 } },
  statuses: {
    retry: { retry_on: 'retriable-status-codes', num_retries: 2, retriable_status_codes: [403, 404, 429, 503, 301] },
  },
  'statuses-without-condition': { retry: { retry_on: 'reset', retriable_status_codes: [403, 503] } },
  connecting: { retry: { retry_on: 'connect-failure,refused-stream', num_retries: 2 } },
  reset: { retry: { retry_on: 'reset', num_retries: 2 } },
  'reset-before-request': { retry: { retry_on: 'reset-before-request', num_retries: 2 } },
  grpc: { retry: { retry_on: 'unavailable,cancelled,internal', num_retries: 2 } },
  exhausted: { retry: { retry_on: 'resource-exhausted,deadline-exceeded' } },
  ratelimited: { retry: { retry_on: 'envoy-ratelimited', num_retries: 2 } },
  'for-other-requests': {
    retry: { retry_on: '5xx', retriable_request_headers: [{ name: 'x-again', present_match: true }] },
  },
  'for-these-requests': {
    retry: { retry_on: '5xx', retriable_request_headers: [{ name: 'x-again', present_match: true }] },
    headers: [['x-again', '1']],
  },
  'by-answer': {
    retry: { retry_on: 'retriable-headers', retriable_headers: [{ name: 'server', present_match: true }] },
    open: true,
  },
  'of-cluster': { cluster: ofCluster({ retry_on: '5xx', num_retries: 4 }) },
  'of-cluster-and-route': {
    retry: { retry_on: 'retriable-4xx', num_retries: 2 },
    cluster: ofCluster({ retry_on: '5xx', num_retries: 3 }),
  },
  'no-retries-allowed': { retry: { retry_on: '5xx', num_retries: 2 }, cluster: BREAKER({ max_retries: 0 }) },
  // Two requests come at once.
  'no-requests': { cluster: BREAKER({ max_requests: 0 }) },
  'no-requests-but-retries': {
    retry: { retry_on: '5xx,reset', num_retries: 2 },
    cluster: BREAKER({ max_requests: 0 }),
  },
  'few-retries-at-once': { retry: { retry_on: '5xx', num_retries: 3 }, cluster: BREAKER({ max_retries: 2 }) },
  'no-retries-of-another-priority': {
    retry: { retry_on: '5xx', num_retries: 2 },
    cluster: BREAKER({ priority: 'HIGH', max_retries: 0 }),
  },
  'not-once-and-none-allowed': { retry: { retry_on: '5xx', num_retries: 0 }, cluster: BREAKER({ max_retries: 0 }) },
  budget: {
    retry: { retry_on: '5xx', num_retries: 2 },
    cluster: BREAKER({ retry_budget: { budget_percent: { value: 20 } } }),
  },
  asked: { headers: [INTERNAL, ['x-envoy-retry-on', '5xx'], ['x-envoy-max-retries', '3']] },
  'asked-by-a-stranger': { headers: [['x-envoy-retry-on', '5xx']] },
  'asked-for-less': { retry: { retry_on: '5xx', num_retries: 2 }, headers: [INTERNAL, ['x-envoy-max-retries', '0']] },
  'asked-for-nothing': {
    retry: { retry_on: '5xx', num_retries: 2 },
    headers: [INTERNAL, ['x-envoy-max-retries', 'x']],
  },
  'asked-for-statuses': {
    retry: { retry_on: 'retriable-status-codes' },
    headers: [INTERNAL, ['x-envoy-retriable-status-codes', '403, 404,429']],
  },
  'asked-for-grpc': { headers: [INTERNAL, ['x-envoy-retry-grpc-on', 'unavailable,5xx']] },
  'asked-wrongly': { headers: [INTERNAL, ['x-envoy-retry-on', 'unavailable,gateway-error']] },
  'asked-and-removed': {
    headers: [INTERNAL, ['x-envoy-retry-on', '5xx']],
    route: { request_headers_to_remove: ['x-envoy-retry-on'] },
  },
  'asked-by-the-route': { route: adding('x-envoy-retry-on', '5xx') },
  'more-by-the-route': { retry: { retry_on: '5xx' }, route: adding('x-envoy-max-retries', '4') },
};

const GRPC: [string, string] = ['content-type', 'application/grpc'];

/** What the first does, from both dumps: `503 URX x3`, and in its own terms where nobody behind it answers. */
function foretold({ ours }: Held, second: EnvoyFacts): string {
  const [outcome, other] = ours;
  const asked = outcome?.end.kind === 'reply' ? outcome.end.connectsTo : outcome?.end;
  if (outcome === undefined || asked?.kind !== 'upstream' || other !== undefined) throw new Error(JSON.stringify(ours));
  const refuses = outcome.end.kind === 'reply' ? proxyEnd(outcome.end, REFUSED) : null;
  const frame = { ...waitingProxy({} as PodFact, outcome, asked, {}), refuses };
  const { end } = asClientSees(...behind(frame, asked, second));
  if (end.disposition === 'undetermined') return 'undetermined';
  const [, spent = '-'] = /(URX|UO)(?:,\w+)?\)\.? ?/.exec(end.reason) ?? [];
  const [, attempts = '1'] = /(\d+) (?:such answers|attempts)/.exec(end.reason) ?? [];
  // The flag of an answer is that of the proxy which gave it.
  const own = end.reason.startsWith(REFUSED) ? end.flag : spent;
  return `${end.status} ${own ?? '-'} x${attempts}`;
}

const REFUSED = 'There is no answer.';

/** The end behind the first, and the proxies that wait for it. */
function behind(frame: ProxyFrame, asked: EnvoyUpstream, second: EnvoyFacts): [ProxyFrame[], End] {
  const nobody: End = { disposition: 'refused', detail: 'tcp-reset', reason: REFUSED };
  const [outcome] = answersOf(second, asked);
  switch (outcome?.end.kind) {
    case 'upstream':
      return [[frame, waitingProxy({} as PodFact, outcome, outcome.end, {})], { ...nobody, reason: 'It is refused.' }];
    case 'reply':
      return [[frame], proxyEnd(outcome.end, 'It is answered.')];
    case 'close':
      return [[frame], outcome.end.detail === null ? nobody : proxyEnd(outcome.end, REFUSED)];
    default:
      throw new Error(JSON.stringify(outcome));
  }
}

/** Starts the second Envoy. @returns it, and the port of each listener */
async function startSecond(version: string): Promise<{ second: EnvoyProcess; ports: Record<string, number> }> {
  const folder = grounds.folder(`${version}-behind`);
  const ports: Record<string, number> = {};
  const listeners: object[] = [];
  for (const [name, { routes, filters = [], match: filter_chain_match }] of Object.entries(REFUSERS)) {
    const port = (ports[name] = await freePort());
    const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
    listeners.push({ ...managedListener(folder, port, { route_config }, filters, filter_chain_match), name });
  }
  const closed = (ports[NOBODY] = await freePort());
  const clusters = [
    staticCluster('empty', []),
    staticCluster('refused', [closed]),
    staticCluster('full', [closed], BREAKER({ max_pending_requests: 0 })),
  ];
  const second = await EnvoyProcess.start(installEnvoy(version), folder, { static_resources: { listeners, clusters } });
  return { second, ports };
}

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it('asks again what its policy, its cluster and the request tell it to', async () => {
    const { second, ports } = await startSecond(version);
    try {
      const front = await freePort();
      const cases = Object.keys(ports).flatMap((name) =>
        Object.entries(POLICIES).map(([policy, what]) => ({ name: `${name}/${policy}`, port: ports[name], what })),
      );
      const clusters = cases.map(({ name, port, what }) => staticCluster(name, [port], what.cluster));
      const routes = cases.map(({ name, what: { action, route, retry } }) => ({
        ...route,
        match: { path: `/${name}` },
        route: { cluster: name, ...action, ...(retry && { retry_policy: retry }) },
      }));
      const internal_address_config = { cidr_ranges: [{ address_prefix: '10.0.0.0', prefix_len: 8 }] };
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
      const folder = grounds.folder(version);
      const listeners = [managedListener(folder, front, { route_config, internal_address_config })];
      const probes = cases.flatMap(({ name, what: { headers = [] } }) =>
        [headers, [...headers, GRPC]].map((all) => plainProbe(front, { path: `/${name}`, headers: all })),
      );
      const config = { static_resources: { listeners, clusters } };
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      const facts = await readFacts(second, false);
      const differences = held.flatMap((one) => {
        const happened = `${one.reply.status} ${one.flags} x${one.attempts}`;
        const told = foretold(one, facts);
        const open = POLICIES[one.probe.path.split('/').at(-1) ?? '']?.open === true;
        const same = told === happened || (open && told === 'undetermined');
        return same ? [] : [`${one.probe.path} ${JSON.stringify(one.probe.headers)}: ${happened}, told ${told}`];
      });
      expect(differences).toEqual([]);
      expect(held.filter(({ flags }) => flags?.includes('URX')).length).toBeGreaterThan(100);
    } finally {
      await second.stop();
    }
  }, 300_000);
});
