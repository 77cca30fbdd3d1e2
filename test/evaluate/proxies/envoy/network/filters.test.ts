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

it('network RBAC says nothing before the client does', () => {
  const deny = rbac({ action: 'DENY', ...policies('p', { any: true }) });
  const facts = smallProxy({
    listeners: [listener('0.0.0.0', 80, { filter_chains: [chain([deny, deny, tcpProxy('c')])] })],
    clusters: [cluster('c')],
  });
  const outcomes = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, null));
  expectComplete(outcomes);
  const told = outcomes.map(
    (one) => `${one.conditions.map(({ key, value }) => `${key}=${value}`).join()} ${summary(one)}`,
  );
  expect(told).toEqual([
    'client-speaks=true 1 close - rbac_access_denied_matched_policy[p]',
    'client-speaks=false 1 c 10.0.0.1:80',
  ]);
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

describe('external authorization of connections', () => {
  const shadow = (from: string): object =>
    networkFilter('rbac.v3.RBAC', {
      stat_prefix: 'r',
      shadow_rules: {
        action: 'DENY',
        ...policies('p', { direct_remote_ip: { address_prefix: from, prefix_len: 32 } }),
      },
    });
  const condition = (key: string, filter = 'envoy.filters.network.rbac'): object => ({
    filter_enabled_metadata: { filter, path: [{ key }], value: { string_match: { exact: 'p' } } },
  });
  const KEY = 'shadow_effective_policy_id';
  const authz = (more: object = {}): object =>
    networkFilter('ext_authz.v3.ExtAuthz', {
      stat_prefix: 'a',
      grpc_service: { envoy_grpc: { cluster_name: 'nobody' } },
      ...more,
    });
  const asked = 'an external authorization service decides';
  const somebody = cluster('nobody', 1);

  it.each<[string, readonly object[], object, string]>([
    ['not asked where no policy matches', [shadow('10.9.9.9'), authz(condition(KEY))], somebody, '1 c 10.0.0.1:80'],
    ['not asked without shadow rules', [authz(condition(KEY))], somebody, '1 c 10.0.0.1:80'],
    ['asked where one matches', [shadow('10.1.1.1'), authz(condition(KEY))], somebody, asked],
    ['asked without a condition', [authz()], somebody, asked],
    ['metadata of another filter', [authz(condition(KEY, 'other'))], somebody, 'is not known'],
    ['another key', [authz(condition('other'))], somebody, 'is not known'],
    ['a mode that is not known', [authz({ shadow_mode: true })], somebody, 'shadow_mode'],
    ['no host', [authz()], cluster('nobody', 0), '1 close UAEX ext_authz_error'],
    ['no host, allowed', [authz({ failure_mode_allow: true })], cluster('nobody', 0), '1 c 10.0.0.1:80'],
  ])('%s', (_, filters, service, expected) => {
    const [told = '', ...others] = ends([...filters, tcpProxy('c')], [cluster('c'), service]);
    expect(others).toEqual([]);
    expect(told).toContain(expected);
  });
});

describe('the dynamic forward proxy of server names', () => {
  const cache = { dns_cache_config: { name: 'names' } };
  const byName = (more: object = {}): object =>
    networkFilter('sni_dynamic_forward_proxy.v3.FilterConfig', { ...cache, port_value: 8443, ...more });
  const dynamic = {
    name: 'dynamic',
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: {
      name: 'envoy.clusters.dynamic_forward_proxy',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig',
        ...cache,
      },
    },
  };

  it.each<[string, object, string | null, string[]]>([
    ['by the name', byName(), 'Shop.Example', ['1 dynamic shop.example:8443', '1 close UH -']],
    ['without a name', byName(), null, ['1 close UH -']],
    ['without a port', byName({ port_value: undefined }), 'shop.example', ['1 undetermined']],
    ['with an address for a name', byName(), '10.0.0.1', ['1 undetermined']],
    ['without the filter', rbac(undefined), 'shop.example', ['1 undetermined']],
  ])('%s', (_, filter, sni, expected) => {
    const told = ends([filter, tcpProxy('dynamic')], [dynamic], sni);
    expect(told.map((end) => end.replace(/(undetermined).*/, '$1'))).toEqual(expected);
  });

  it('is no matter to another cluster', () => {
    expect(new Set(ends([byName(), tcpProxy('c')], [cluster('c')], 'shop.example'))).toEqual(
      new Set(['1 c 10.0.0.1:80']),
    );
  });

  it.each(['sni_cluster.v3.SniCluster', 'sni_dynamic_forward_proxy.v3.FilterConfig'])(
    '%s needs the first bytes',
    (type) => {
      const filters = [networkFilter(type), tcpProxy('c')];
      const facts = smallProxy({
        listeners: [listener('0.0.0.0', 80, { filter_chains: [chain(filters)], listener_filters: [TLS] })],
        clusters: [cluster('c')],
      });
      const [outcome] = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, null));
      expect(outcome!.end).toMatchObject({
        kind: 'undetermined',
        unknown: { reason: 'what the client sends, and so its server name, is not known' },
      });
    },
  );
});
