import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differences, meansSame } from '../../../src/explain/proxy-config/semantic-diff.ts';

const chain = (port: number, name: string) => ({ name, filter_chain_match: { destination_port: port }, filters: [] });

describe('what means the same', () => {
  it.each<readonly [what: string, one: unknown, other: unknown]>([
    [
      'filter chains in another order',
      { filter_chains: [chain(1, 'a'), chain(2, 'b')] },
      { filter_chains: [chain(2, 'b'), chain(1, 'a')] },
    ],
    [
      'fields as istiod spells them',
      { connect_timeout: '1s', http2_protocol_options: {} },
      { http2ProtocolOptions: {}, connectTimeout: '1s' },
    ],
    ['digits', { outlier_detection: { consecutive_5xx: 7 } }, { outlierDetection: { consecutive5xx: 7 } }],
    [
      'domains in another order',
      { virtual_hosts: [{ domains: ['a', 'b'] }] },
      { virtualHosts: [{ domains: ['b', 'a'] }] },
    ],
    [
      'weighted clusters in another order',
      { weighted_clusters: { clusters: [{ name: 'a' }, { name: 'b' }] } },
      { weightedClusters: { clusters: [{ name: 'b' }, { name: 'a' }] } },
    ],
    [
      'principals in another order',
      { principals: [{ or_ids: { ids: [{ any: true }, { header: {} }] } }, { any: true }] },
      { principals: [{ any: true }, { orIds: { ids: [{ header: {} }, { any: true }] } }] },
    ],
    [
      'headers of a match in another order',
      { match: { headers: [{ name: 'a' }, { name: 'b' }] } },
      { match: { headers: [{ name: 'b' }, { name: 'a' }] } },
    ],
  ])('%s', (_, one, other) => {
    expect(meansSame(one, other)).toBe(true);
    expect(differences(one, other)).toEqual([]);
  });
});

describe('what does not', () => {
  it.each<readonly [what: string, one: unknown, other: unknown, path: string]>([
    [
      'routes in another order',
      { routes: [{ name: 'a' }, { name: 'b' }] },
      { routes: [{ name: 'b' }, { name: 'a' }] },
      'routes (order)',
    ],
    [
      'clusters of an aggregate in another order',
      { cluster_type: { typed_config: { clusters: ['a', 'b'] } } },
      { cluster_type: { typed_config: { clusters: ['b', 'a'] } } },
      'cluster_type.typed_config.clusters (order)',
    ],
    [
      'rules of JWT in another order',
      { rules: [{ match: { prefix: '/a' } }, { match: { prefix: '/' } }] },
      { rules: [{ match: { prefix: '/' } }, { match: { prefix: '/a' } }] },
      'rules[0].match.prefix',
    ],
    ['a filter more', { filters: [{ name: 'a' }] }, { filters: [{ name: 'a' }, { name: 'b' }] }, 'filters[b]'],
    ['a BoolValue that is set to false', { use_remote_address: false }, {}, 'use_remote_address'],
    ['keys of a map that are alike', { m: { a_1: 1, a1: 2 } }, { m: { a_1: 2, a1: 1 } }, 'm.a1'],
    [
      'a value',
      { filter_chains: [chain(1, 'a')] },
      { filter_chains: [{ ...chain(1, 'a'), filters: [{ name: 'x' }] }] },
      'filter_chains[a].filters[x]',
    ],
  ])('%s', (_, one, other, path) => {
    expect(meansSame(one, other)).toBe(false);
    expect(differences(one, other).map((change) => change.path)).toContain(path);
  });
});

describe('laws', () => {
  it('the order of what has none changes nothing', () => {
    const lists = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 6 });
    fc.assert(
      fc.property(lists, lists, (domains, names) => {
        const one = { virtual_hosts: names.map((name) => ({ name, domains })) };
        const other = { virtual_hosts: names.toReversed().map((name) => ({ name, domains: domains.toReversed() })) };
        expect(differences(one, other)).toEqual([]);
      }),
    );
  });

  it('says that two values differ exactly when it names a place', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(differences(one, other).length === 0).toBe(meansSame(one, other));
        expect(differences(one, one)).toEqual([]);
      }),
    );
  });
});
