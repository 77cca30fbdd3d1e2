/** Several values of a header where the dump does not tell how they count: `header-values.test.ts` of the conformance suite has the rest. */
import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { cluster, httpFilter, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const OPEN = '1 undetermined: whether each value of the header x-role counts by itself is not known';
const DENIED = '1 403 - rbac_access_denied_matched_policy[p]';
const THROUGH = '1 c 10.0.0.1:80';
const KEY = 'envoy.reloadable_features.rbac_match_headers_individually';

const ADMIN = { name: 'x-role', string_match: { exact: 'admin' } };

function asked(bootstrap: object, values: readonly string[]): readonly string[] {
  const principal = { header: ADMIN };
  const filter = httpFilter('rbac.v3.RBAC', {
    rules: { action: 'DENY', policies: { p: { permissions: [{ any: true }], principals: [principal] } } },
  });
  return outcomesOf(bootstrap, values, [{ match: { prefix: '/' }, route: { cluster: 'c' } }], [filter]);
}

function outcomesOf(
  bootstrap: object,
  values: readonly string[],
  routes: readonly object[],
  filters: readonly object[],
): readonly string[] {
  const listener = httpListener(routes, {}, filters);
  const proxy = smallProxy({ listeners: [listener], clusters: [cluster('c')], bootstrap });
  const headers = values.map((value) => ['x-role', value] as const);
  const outcomes = evaluateEnvoy(proxy, direct('10.1.1.1', '10.1.1.2', 80, { ...http('GET', 'h', '/'), headers }));
  expectComplete(outcomes);
  return outcomes.map(summary);
}

const ofMinor = (minor_number: number): object => ({
  node: { user_agent_name: 'envoy', user_agent_build_version: { version: { major_number: 1, minor_number } } },
});
const switched = {
  ...ofMinor(40),
  layered_runtime: { layers: [{ name: 'l', static_layer: { [KEY]: false } }] },
};

it.each<[string, object, readonly string[], string]>([
  ['a version that joins them or not', ofMinor(37), ['user', 'admin'], OPEN],
  ['no version', {}, ['user', 'admin'], OPEN],
  ['a runtime key', switched, ['user', 'admin'], OPEN],
  ['a version, and no value matches', ofMinor(37), ['user', 'guest'], THROUGH],
  ['a version, and there is one value', ofMinor(37), ['admin'], DENIED],
  ['a version that takes each by itself', ofMinor(38), ['user', 'admin'], DENIED],
])('%s decides about several values', (_, bootstrap, values, expected) => {
  expect(asked(bootstrap, values)).toEqual([expected]);
});

it.each<[string, object, readonly string[], string]>([
  ['a version that joins them or not', ofMinor(38), ['user', 'admin'], OPEN],
  ['a version, and no value matches', ofMinor(38), ['user', 'guest'], THROUGH],
  ['a version that takes each by itself', ofMinor(39), ['user', 'admin'], '1 204 - direct_response'],
])('%s decides about several values before routes', (_, bootstrap, values, expected) => {
  const routes = [
    { match: { prefix: '/', headers: [ADMIN] }, direct_response: { status: 204 } },
    { match: { prefix: '/' }, route: { cluster: 'c' } },
  ];
  expect(outcomesOf(bootstrap, values, routes, [])).toEqual([expected]);
});
