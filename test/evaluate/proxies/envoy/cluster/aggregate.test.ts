import { expect, it } from 'vitest';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { cluster, host, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, http, stepsOf, summary } from '../snapshot.ts';

const TYPE = 'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig';
const aggregate = (clusters: readonly string[], more: object = {}): object => ({
  name: 'all',
  lb_policy: 'CLUSTER_PROVIDED',
  cluster_type: { name: 'envoy.clusters.aggregate', typed_config: { '@type': TYPE, clusters, ...more } },
});
const hosts = (name: string, priority: number, ...list: readonly object[]): object => ({
  name,
  type: 'STATIC',
  load_assignment: { cluster_name: name, endpoints: [{ priority, lb_endpoints: list }] },
});

it.each<[string, object, readonly object[], string[]]>([
  ['the first cluster', aggregate(['a', 'b']), [cluster('a'), cluster('b', 2)], ['1 all 10.0.0.1:80']],
  ['the next where one has no host', aggregate(['a', 'b']), [cluster('a', 0), cluster('b')], ['1 all 10.0.0.1:80']],
  ['the next where one is missing', aggregate(['gone', 'b']), [cluster('b')], ['1 all 10.0.0.1:80']],
  ['the first priority that has hosts', aggregate(['a']), [hosts('a', 1, host('10.0.0.7'))], ['1 all 10.0.0.7:80']],
  [
    'nobody knows how much where a host is unhealthy or drains',
    aggregate(['a', 'b']),
    [hosts('a', 0, host('10.0.0.7'), host('10.0.0.8', { health_status: 'UNHEALTHY' })), cluster('b')],
    ['1 undetermined: how hosts of cluster a count in an aggregate cluster is not known'],
  ],
  [
    'the next for what the healthy hosts of the first cannot take',
    aggregate(['a', 'b']),
    [hosts('a', 0, host('10.0.0.7'), host('10.0.0.8', { health_status: 'DEGRADED' })), cluster('b')],
    ['0.7 all 10.0.0.7:80', '0.3 all 10.0.0.1:80'],
  ],
  [
    'the first where the other host drains and does not count',
    aggregate(['a', 'b']),
    [hosts('a', 0, host('10.0.0.7'), host('10.0.0.8', { health_status: 'DRAINING' })), cluster('b')],
    ['1 all 10.0.0.7:80'],
  ],
  [
    'nobody knows where in an aggregate cluster of another kind',
    aggregate(['a']),
    [{ name: 'a', type: 'ORIGINAL_DST', lb_policy: 'CLUSTER_PROVIDED' }],
    ['1 undetermined: cluster a of an aggregate cluster is of a kind that is not evaluated'],
  ],
  [
    'nobody knows where with a field that is not understood',
    aggregate(['a'], { novel: 1 }),
    [cluster('a')],
    ['1 undetermined: the field novel is not understood'],
  ],
  ['nowhere without any host', aggregate(['a']), [cluster('a', 0)], ['1 503 UH no_healthy_upstream']],
])('an aggregate cluster asks %s', (_, all, clusters, expected) => {
  const route = { match: { prefix: '/' }, route: { cluster: 'all' } };
  const facts = smallProxy({ listeners: [httpListener([route])], clusters: [all, ...clusters] });
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/')));
  expect(outcomes.map(summary)).toEqual(expected);
});

it('says which cluster serves', () => {
  const route = { match: { prefix: '/' }, route: { cluster: 'all' } };
  const facts = smallProxy({ listeners: [httpListener([route])], clusters: [aggregate(['a']), cluster('a')] });
  const [outcome] = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/')));
  expect(stepsOf(outcome!, 'cluster')).toEqual(['all', 'a']);
});
