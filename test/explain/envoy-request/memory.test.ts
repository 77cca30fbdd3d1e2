/** A proxy that is asked many questions answers each as if it were the only one. */
import { describe, expect, it } from 'vitest';
import { EnvoyRequestAnswers } from '../../../src/explain/envoy-request/envoy-request.ts';
import { chain, cluster, httpManager, listener, smallProxy } from '../../evaluate/proxies/envoy/small-proxy.ts';

const HTTP = 'type.googleapis.com/envoy.extensions.filters.http';
const all = (permissions: object[], principals: object[]): object => ({ policies: { p: { permissions, principals } } });
const ANY = { any: true };

/** Filters that look at a request in every way, on some routes in ways of their own. */
const FILTERS = [
  {
    name: 'rbac',
    typed_config: {
      '@type': `${HTTP}.rbac.v3.RBAC`,
      rules: {
        action: 'DENY',
        policies: {
          path: { permissions: [{ url_path: { path: { suffix: '/secret' } } }], principals: [ANY] },
          peer: {
            permissions: [{ destination_port: 81 }],
            principals: [{ direct_remote_ip: { address_prefix: '10.1.1.7' } }],
          },
          client: {
            permissions: [ANY],
            principals: [{ remote_ip: { address_prefix: '192.0.2.0', prefix_len: 24 } }],
          },
        },
      },
    },
  },
  { name: 'cors', typed_config: { '@type': `${HTTP}.cors.v3.Cors` } },
  {
    name: 'fault',
    typed_config: {
      '@type': `${HTTP}.fault.v3.HTTPFault`,
      headers: [{ name: 'x-fault', string_match: { exact: 'yes' } }],
      abort: { http_status: 418, percentage: { numerator: 50 } },
    },
  },
  { name: 'buffer', typed_config: { '@type': `${HTTP}.buffer.v3.Buffer`, max_request_bytes: 10 } },
];
const OVERRIDE = {
  rbac: {
    '@type': `${HTTP}.rbac.v3.RBACPerRoute`,
    rbac: { rules: { action: 'ALLOW', ...all([{ header: { name: 'x-key', present_match: true } }], [ANY]) } },
  },
};
const ROUTES = [
  { match: { prefix: '/own' }, name: 'own', route: { cluster: 'c' }, typed_per_filter_config: OVERRIDE },
  {
    match: { prefix: '/hash' },
    name: 'hash',
    route: {
      cluster: 'ring',
      hash_policy: [{ header: { header_name: 'x-key' } }, { connection_properties: { source_ip: true } }],
    },
  },
  { match: { prefix: '/named' }, name: 'named', route: { cluster_header: 'x-cluster' } },
  {
    match: { prefix: '/part', runtime_fraction: { default_value: { numerator: 30 } } },
    name: 'part',
    route: { cluster: 'c' },
  },
  { match: { prefix: '/' }, name: 'rest', route: { cluster: 'c' } },
];
const MANAGER = httpManager(ROUTES, {}, FILTERS);
const PROXY = smallProxy({
  listeners: [80, 81].map((port) => listener('0.0.0.0', port, { filter_chains: [chain([MANAGER])] })),
  clusters: [cluster('c', 2), { ...cluster('ring', 3), lb_policy: 'RING_HASH' }],
});

function questions(): object[] {
  const paths = ['/', '/secret', '/own/1', '/own/2', '/hash', '/named', '/part'];
  const headers = [
    {},
    { 'x-key': 'a' },
    { 'x-key': 'b', 'x-fault': 'yes' },
    { 'x-cluster': 'c' },
    { 'x-cluster': 'none' },
    { origin: 'http://a', 'access-control-request-method': 'GET' },
    { connection: 'upgrade', upgrade: 'websocket' },
    { 'content-length': '11' },
    { 'content-type': 'application/grpc' },
    { 'x-forwarded-for': '192.0.2.1' },
  ];
  const sources = ['10.1.1.7', '10.1.1.8'];
  const ports = [80, 81];
  return paths.flatMap((path) =>
    headers.flatMap((one) =>
      sources.flatMap((source) =>
        ports.flatMap((port) =>
          ['GET', 'OPTIONS'].map((method) => ({
            address: `10.1.1.1:${port}`,
            host: 'h',
            path,
            method,
            headers: one,
            source,
          })),
        ),
      ),
    ),
  );
}

describe('a proxy that remembers', () => {
  const asked = questions();
  const alone = asked.map((question) => new EnvoyRequestAnswers(PROXY).answer(question));

  it('the answers differ', () => {
    const outcomes = alone.map((answer) => ('outcomes' in answer ? JSON.stringify(answer.outcomes) : answer.error));
    expect(new Set(outcomes).size).toBeGreaterThan(15);
  });

  it.each<[string, (list: readonly object[]) => object[]]>([
    ['in order', (list) => [...list]],
    ['backwards', (list) => list.toReversed()],
    ['twice', (list) => [...list, ...list]],
  ])('answers %s what it answers alone', (_, arrange) => {
    const proxy = new EnvoyRequestAnswers(PROXY);
    for (const question of arrange(asked)) {
      expect(proxy.answer(question), JSON.stringify(question)).toEqual(alone[asked.indexOf(question)]);
    }
  });
});
