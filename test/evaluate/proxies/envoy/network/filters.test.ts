import { describe, expect, it } from 'vitest';
import type { EnvoyFacts } from '../../../../../src/model/envoy.ts';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import {
  chain,
  cluster,
  httpManager,
  listener,
  listenerFilter,
  networkFilter,
  smallProxy,
  tcpProxy,
} from '../small-proxy.ts';
import { direct, expectComplete, http, summary } from '../snapshot.ts';

const TLS = listenerFilter('tls_inspector.v3.TlsInspector');

function ends(
  filters: readonly object[],
  clusters: readonly object[] = [cluster('c')],
  sni: string | null = null,
): string[] {
  const facts: EnvoyFacts = smallProxy({
    listeners: [listener('0.0.0.0', 80, { filter_chains: [chain(filters)], listener_filters: [TLS] })],
    clusters,
  });
  const connection = direct('10.1.1.1', '10.1.1.2', 80, http('GET', 'h', '/'));
  const tls = sni === null ? null : { sni, alpn: [], clientIdentity: null };
  const outcomes = evaluateEnvoy(facts, { ...connection, request: { ...connection.request, tls } });
  expectComplete(outcomes);
  return outcomes.map(summary);
}

const rbac = (rules: object | undefined): object => networkFilter('rbac.v3.RBAC', { stat_prefix: 'r', rules });
const policies = (name: string, principal: object): object => ({
  policies: { [name]: { permissions: [{ any: true }], principals: [principal] } },
});

describe('network RBAC', () => {
  it.each([
    [
      'DENY that matches',
      rbac({
        action: 'DENY',
        ...policies('ns[a]-policy[b]-rule[0]', { direct_remote_ip: { address_prefix: '10.0.0.0', prefix_len: 8 } }),
      }),
      '1 close - rbac_access_denied_matched_policy[ns[a]-policy[b]-rule[0]]',
    ],
    [
      'DENY that does not match',
      rbac({ action: 'DENY', ...policies('p', { direct_remote_ip: { address_prefix: '11.0.0.0', prefix_len: 8 } }) }),
      '1 c 10.0.0.1:80',
    ],
    ['ALLOW without a policy', rbac({}), '1 close - rbac_access_denied_matched_policy[none]'],
    ['LOG', rbac({ action: 'LOG', ...policies('p', { any: true }) }), '1 c 10.0.0.1:80'],
    ['no rules', rbac(undefined), '1 c 10.0.0.1:80'],
    [
      'a rule about headers, of which a connection has none',
      rbac({ action: 'DENY', ...policies('p', { header: { name: 'x', present_match: true } }) }),
      '1 c 10.0.0.1:80',
    ],
    [
      'an identity, in plaintext',
      rbac({ ...policies('p', { authenticated: {} }) }),
      '1 close - rbac_access_denied_matched_policy[none]',
    ],
  ])('%s', (_, filter, expected) => {
    expect(ends([filter, tcpProxy('c')])).toEqual([expected]);
  });

  it('comes too late for a TCP proxy that has no host', () => {
    const deny = rbac({ action: 'DENY', ...policies('p', { any: true }) });
    expect(ends([deny, tcpProxy('empty')], [cluster('empty', 0)])).toEqual(['1 close UH -']);
    expect(ends([deny, httpManager([])])).toEqual(['1 close - rbac_access_denied_matched_policy[p]']);
    const split = {
      weighted_clusters: {
        clusters: [
          { name: 'empty', weight: 1 },
          { name: 'c', weight: 3 },
        ],
      },
      cluster: undefined,
    };
    expect(ends([deny, tcpProxy('', split)], [cluster('empty', 0), cluster('c')])).toEqual([
      '0.25 close UH -',
      '0.75 close - rbac_access_denied_matched_policy[p]',
    ]);
  });
});

describe('the TCP proxy', () => {
  it.each<[string, object, string[]]>([
    ['a cluster', tcpProxy('c'), ['1 c 10.0.0.1:80']],
    ['a missing cluster', tcpProxy('nosuch'), ['1 close NC -']],
    [
      'several by weight',
      tcpProxy('', {
        cluster: undefined,
        weighted_clusters: {
          clusters: [
            { name: 'c', weight: 1 },
            { name: 'nosuch', weight: 3 },
          ],
        },
      }),
      ['0.25 c 10.0.0.1:80', '0.75 close NC -'],
    ],
  ])('forwards to %s', (_, filter, expected) => {
    expect(ends([filter])).toEqual(expected);
  });

  it('takes the cluster that the server name names', () => {
    const filters = [networkFilter('sni_cluster.v3.SniCluster'), tcpProxy('c')];
    expect(ends(filters, [cluster('c'), cluster('by.name', 2)], 'By.Name')).toEqual([
      '0.5 by.name 10.0.0.1:80',
      '0.5 by.name 10.0.0.2:80',
    ]);
    expect(ends(filters)).toEqual(['1 c 10.0.0.1:80']);
  });

  it('sends TLS on that it does not end', () => {
    const facts = smallProxy({ listeners: [listener('0.0.0.0', 80)], clusters: [cluster('c')] });
    const connection = direct('10.1.1.1', '10.1.1.2', 80, null);
    const tls = { sni: 'a', alpn: ['h2'], clientIdentity: undefined };
    const [outcome] = evaluateEnvoy(facts, { ...connection, request: { ...connection.request, tls } });
    expect(outcome!.end).toMatchObject({ kind: 'upstream', tls: 'none', request: { tls } });
  });
});

it.each([['stats.PluginConfig'], ['envoy.tcp.metadataexchange.config.MetadataExchange']])('%s only watches', (type) => {
  const watcher = {
    name: 'istio',
    typed_config: {
      '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct',
      type_url: `type.googleapis.com/${type}`,
      value: {},
    },
  };
  expect(ends([watcher, tcpProxy('c')])).toEqual(['1 c 10.0.0.1:80']);
});

it('closes where a chain has no filters', () => {
  expect(ends([])).toEqual(['1 close - -']);
});
