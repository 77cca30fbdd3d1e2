import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import type { Retries } from '../../../../../src/model/envoy.ts';
import { direct, http } from '../snapshot.ts';
import { cluster, httpManager, listener, smallProxy } from '../small-proxy.ts';

const PREVIOUS_HOSTS = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
  },
};
const CANARIES = {
  name: 'envoy.retry_host_predicates.omit_canary_hosts',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate',
  },
};
const ISTIO = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled',
  num_retries: 2,
  retry_host_predicate: [PREVIOUS_HOSTS],
  // As protobuf JSON writes 64 bits.
  host_selection_retry_max_attempts: '5',
};

const OTHER: object = { retry_on: 'retriable-status-codes', retriable_status_codes: [403], num_retries: 3 };
const ofCluster = (policy: object): object => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': { retry_policy: policy },
  },
});
const breaker = (more: object): object => ({ circuit_breakers: { thresholds: [more] } });

interface Situation {
  readonly action?: object;
  readonly ofHost?: object;
  readonly cluster?: object;
  readonly headers?: Record<string, string>;
}

// Which of them count was seen at the real Envoy: test/conformance/envoy/retries.test.ts.
it.each<[string, Situation, string]>([
  ['no policy', {}, 'nothing'],
  ["Istio's own", { action: { retry_policy: ISTIO } }, '2 URX, 5 draws: connecting, grpc 14'],
  [
    'one draw more unless told',
    { action: { retry_policy: { retry_on: 'reset', retry_host_predicate: [PREVIOUS_HOSTS] } } },
    '1 URX, 1 draws: connecting, reset',
  ],
  [
    'another predicate',
    { action: { retry_policy: { ...ISTIO, retry_host_predicate: [CANARIES] } } },
    '2 URX, which hosts a retry refuses is not evaluated: connecting, grpc 14',
  ],
  [
    'another priority',
    { action: { retry_policy: { retry_on: 'reset', retry_priority: { name: 'p' } } } },
    '1 URX, which priority a retry takes is not evaluated: connecting, reset',
  ],
  ["the virtual host's", { ofHost: OTHER }, '3 URX, 0 draws: 403'],
  [
    "the route's instead of the virtual host's",
    { action: { retry_policy: { retry_on: '5xx' } }, ofHost: OTHER },
    '1 URX, 0 draws: connecting, reset, 500, 503',
  ],
  [
    "the cluster's instead of the route's",
    { action: { retry_policy: { retry_on: '5xx' } }, cluster: ofCluster(OTHER) },
    '3 URX, 0 draws: 403',
  ],
  ['no condition', { action: { retry_policy: {} } }, '1 URX, 0 draws:'],
  [
    'no retry',
    { action: { retry_policy: { retry_on: 'gateway-error', num_retries: 0 } } },
    '0 URX, 0 draws: connecting, reset, 503',
  ],
  [
    'none that the circuit breaker allows',
    { action: { retry_policy: { retry_on: 'retriable-4xx' } }, cluster: breaker({ max_retries: 0 }) },
    '0 UO, 0 draws: 409',
  ],
  [
    'a budget that depends on the load',
    {
      action: { retry_policy: { retry_on: 'reset' } },
      cluster: breaker({ retry_budget: { min_retry_concurrency: 0 } }),
    },
    'unknown',
  ],
  ['a field that nobody knows', { action: { retry_policy: { retry_on: 'reset', retry_like_mad: true } } }, 'unknown'],
  [
    'headers of the answer',
    { action: { retry_policy: { retry_on: 'retriable-headers,retriable-4xx', retriable_headers: [{ name: 'x' }] } } },
    '1 URX, 0 draws: 409, whether 302 403 404 500 503',
  ],
  ['a redirect that is followed inside', { action: { internal_redirect_policy: {} } }, '0 URX, 0 draws: whether 302'],
  ['a client that is not trusted', { headers: { 'x-envoy-retry-on': '5xx' } }, 'nothing'],
])('what is asked again: %s', (_, { action, ofHost, cluster: more, headers = {} }, expected) => {
  const route = { match: { prefix: '/' }, route: { cluster: 'c', ...action } };
  const virtualHost = { name: 'v', domains: ['*'], routes: [route], ...(ofHost && { retry_policy: ofHost }) };
  const manager = httpManager([], { route_config: { name: 'r', virtual_hosts: [virtualHost] } });
  const listeners = [listener('0.0.0.0', 80, { filter_chains: [{ filters: [manager] }] })];
  const [outcome] = evaluateEnvoy(
    smallProxy({ listeners, clusters: [cluster('c', 1, more)] }),
    direct('10.1.0.1', '10.1.0.2', 80, http('GET', 'h', '/', headers)),
  );
  if (outcome?.end.kind !== 'upstream') throw new Error(JSON.stringify(outcome));
  expect(told(outcome.end.retries)).toBe(expected);
});

/** What a proxy may answer. */
const ANSWERS = [302, 403, 404, 409, 500, 503];

function told(retries: Retries | null): string {
  if (retries === null) return 'nothing';
  const { count, spent, hostRedraws, onConnectFailure, onReset } = retries;
  if (typeof onReset !== 'boolean') return 'unknown';
  const again = ANSWERS.map((status) => [status, retries.onAnswer(status, null)] as const);
  const open = again.filter(([, whether]) => typeof whether !== 'boolean').map(([status]) => status);
  const on = [
    ...(onConnectFailure === true ? ['connecting'] : []),
    ...(onReset ? ['reset'] : []),
    ...again.filter(([, whether]) => whether === true).map(([status]) => String(status)),
    ...(retries.onAnswer(200, 14) === true ? ['grpc 14'] : []),
    ...(open.length === 0 ? [] : [`whether ${open.join(' ')}`]),
  ];
  const draws = typeof hostRedraws === 'number' ? `${hostRedraws} draws` : hostRedraws.reason;
  return `${count} ${spent}, ${draws}: ${on.join(', ')}`.trim();
}
