import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
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

it.each<[string, object, object | undefined, readonly [number, number, number]]>([
  ['no policy', {}, undefined, [0, 0, 0]],
  ["Istio's own", { retry_policy: ISTIO }, undefined, [2, 0, 5]],
  [
    'one draw more unless told',
    { retry_policy: { retry_on: 'reset', retry_host_predicate: [PREVIOUS_HOSTS] } },
    undefined,
    [1, 1, 1],
  ],
  ['another predicate', { retry_policy: { ...ISTIO, retry_host_predicate: [CANARIES] } }, undefined, [2, 0, 0]],
  ["the virtual host's", {}, ISTIO, [2, 0, 5]],
  ["the route's instead of the virtual host's", { retry_policy: { retry_on: '5xx' } }, ISTIO, [1, 1, 0]],
])('attempts after the first, and draws of hosts: %s', (_, action, ofHost, expected) => {
  const route = { match: { prefix: '/' }, route: { cluster: 'c', ...action } };
  const virtualHost = { name: 'v', domains: ['*'], routes: [route], ...(ofHost && { retry_policy: ofHost }) };
  const manager = httpManager([], { route_config: { name: 'r', virtual_hosts: [virtualHost] } });
  const listeners = [listener('0.0.0.0', 80, { filter_chains: [{ filters: [manager] }] })];
  const [outcome] = evaluateEnvoy(
    smallProxy({ listeners, clusters: [cluster('c', 1)] }),
    direct('10.1.0.1', '10.1.0.2', 80, http('GET', 'h', '/')),
  );
  if (outcome?.end.kind !== 'upstream') throw new Error(JSON.stringify(outcome));
  const { retries, resetRetries, hostRedraws } = outcome.end;
  expect([retries, resetRetries, hostRedraws]).toEqual(expected);
});
