/** Hosts that are only counted are those that the evaluator tells one by one, each with its share. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { EnvoyRequestAnswers } from '../../../src/explain/envoy-request/envoy-request.ts';
import type { EnvoyFacts } from '../../../src/model/envoy.ts';
import { cluster, host, httpListener, smallProxy } from '../../evaluate/proxies/envoy/small-proxy.ts';
import { direct, http } from '../../evaluate/proxies/envoy/snapshot.ts';

const QUESTION = { address: '10.1.1.1:80', host: 'h', source: '10.1.1.2' };

/** What becomes of a request, each host with the sum of what leads to it, in words. */
function oneByOne(facts: EnvoyFacts): string[] {
  const sums = new Map<string, number>();
  for (const { end, probability } of evaluateEnvoy(facts, direct('10.1.1.2', '10.1.1.1', 80, http('GET', 'h', '/')))) {
    const name =
      end.kind === 'upstream' ? hostText(end.address, end.port) : end.kind === 'reply' ? `${end.flag}` : end.kind;
    sums.set(name, (sums.get(name) ?? 0) + probability);
  }
  return texts(sums);
}

function counted(facts: EnvoyFacts): string[] {
  const answer = new EnvoyRequestAnswers(facts).answer(QUESTION);
  if ('error' in answer) throw new Error(answer.error);
  const sums = new Map<string, number>();
  for (const { endpoints, probability, status, flag, undetermined } of answer.outcomes) {
    const shares =
      endpoints.length > 0
        ? endpoints.map((one) => [one.address, one.probability] as const)
        : [[undetermined === null ? (status === null ? 'close' : `${flag}`) : 'undetermined', 1] as const];
    for (const [name, share] of shares) sums.set(name, (sums.get(name) ?? 0) + probability * share);
  }
  return texts(sums);
}

const hostText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const texts = (sums: ReadonlyMap<string, number>): string[] =>
  [...sums].map(([name, sum]) => `${name} ${sum.toFixed(9)}`).toSorted();

const hosts = fc.array(
  fc.record({
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1', 'name.example', '/socket'),
    health_status: fc.constantFrom('HEALTHY', 'HEALTHY', 'UNKNOWN', 'DEGRADED', 'UNHEALTHY', 'DRAINING'),
    load_balancing_weight: fc.integer({ min: 1, max: 4 }),
    metadata: fc.constantFrom({}, { filter_metadata: { 'envoy.lb': { v: '1' } } }),
  }),
  { maxLength: 4 },
);
const localities = fc.array(
  fc.record({ priority: fc.nat(1), load_balancing_weight: fc.integer({ min: 1, max: 3 }), hosts }),
  { minLength: 1, maxLength: 2 },
);
const RAW = { name: 'envoy.transport_sockets.raw_buffer' };
const settings = fc.record(
  {
    lb_policy: fc.constantFrom('ROUND_ROBIN', 'RANDOM', 'LEAST_REQUEST', 'RING_HASH', 'MAGLEV'),
    common_lb_config: fc.constantFrom({ locality_weighted_lb_config: {} }, { healthy_panic_threshold: { value: 0 } }),
    lb_subset_config: fc.constant({ fallback_policy: 'ANY_ENDPOINT', subset_selectors: [{ keys: ['v'] }] }),
    circuit_breakers: fc.constantFrom(
      { thresholds: [{ max_requests: 0 }] },
      { thresholds: [{ priority: 'HIGH', max_requests: 0 }] },
    ),
    transport_socket_matches: fc.constant([{ name: 'v', match: { v: '1' }, transport_socket: RAW }]),
    transport_socket_matcher: fc.constant({ '@type': 'x' }),
  },
  { requiredKeys: [] },
);
const drops = fc.constantFrom({}, { drop_overloads: [{ category: 'x', drop_percentage: { numerator: 30 } }] });

describe('hosts that are only counted', () => {
  it('are those that are told one by one, with their shares', () => {
    let several = 0;
    fc.assert(
      fc.property(localities, settings, drops, fc.boolean(), (groups, more, policy, weighted) => {
        const endpoints = groups.map(({ hosts: list, ...group }) => ({
          ...group,
          lb_endpoints: list.map(({ address, ...one }) => host(address, one)),
        }));
        const assigned = { load_assignment: { cluster_name: 'c', endpoints, policy } };
        const action = weighted
          ? {
              weighted_clusters: {
                clusters: [
                  { name: 'c', weight: 1 },
                  { name: 'd', weight: 2 },
                ],
              },
            }
          : { cluster: 'c' };
        const facts = smallProxy({
          listeners: [httpListener([{ match: { prefix: '/' }, route: action }])],
          clusters: [cluster('c', 0, { ...more, ...assigned }), cluster('d', 2)],
        });
        const expected = oneByOne(facts);
        if (expected.length > 2) several += 1;
        expect(counted(facts)).toEqual(expected);
      }),
      { numRuns: 600, seed: 11 },
    );
    expect(several).toBeGreaterThan(150);
  });
});
