/**
 * External authorization of connections, as Istio's AuthorizationPolicy with action CUSTOM has it for TCP: shadow rules of an RBAC filter
 * note which policy matches, and ext_authz asks where they did. Its service says no to everything here, so that Envoy tells whom it asked
 * about.
 */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { createServer as createGreeter } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { istioCondition, metadataCondition, POLICY, rbacFilter, RESULT, rules } from './istio-custom.ts';
import { plainProbe, tcpListener } from './plain-listener.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);
const service = createServer();
/** A CheckResponse whose status is PERMISSION_DENIED, as a message of gRPC. */
const DENIAL = Buffer.from([0, 0, 0, 0, 4, 0x0a, 0x02, 0x08, 0x07]);
service.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(DENIAL);
});

const GREETING = 'hello';
const greeting = createGreeter((socket) => socket.on('error', () => undefined).end(GREETING));

beforeAll(async () => {
  await once(greeting.listen(0, '127.0.0.1'), 'listening');
  await once(service.listen(0, '127.0.0.1'), 'listening');
}, 300_000);

afterAll(() => {
  service.close();
  greeting.close();
});

const NETWORK = 'type.googleapis.com/envoy.extensions.filters.network';
const ASKED = 'undetermined: network filter ext_authz: an external authorization service decides';
const DENIED = 'close UAEX ext_authz_denied';

const from = (address: string): object => ({
  permissions: [{ any: true }],
  principals: [{ direct_remote_ip: { address_prefix: address, prefix_len: 32 } }],
});
const policies = { 'istio-ext-authz-ns[a]-policy[p]-rule[0]': from('127.0.0.2') };
const asking = (action: string): object => rules(action, policies);
const rbac = (config: object): object => rbacFilter('network', 'rbac', config);
const shadow = rbac({ shadow_rules: asking('DENY') });
const metadata = (key: string, value: object, more: object = {}): object =>
  metadataCondition('network', key, value, more);
const ISTIO = istioCondition('network');
const authz = (more: object, cluster = 'authz'): object => ({
  name: 'ext_authz',
  typed_config: {
    '@type': `${NETWORK}.ext_authz.v3.ExtAuthz`,
    stat_prefix: 'a',
    transport_api_version: 'V3',
    grpc_service: { envoy_grpc: { cluster_name: cluster }, timeout: '2s' },
    ...more,
  },
});

const HTTP2 = {
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

const CASES: readonly (readonly [string, readonly object[], 'c' | 'empty'])[] = [
  ['as Istio has it', [shadow, authz(ISTIO)], 'c'],
  ['shadow rules that allow', [rbac({ shadow_rules: asking('ALLOW') }), authz(ISTIO)], 'c'],
  ['by what they would say', [shadow, authz(metadata(RESULT, { string_match: { exact: 'denied' } }))], 'c'],
  ['inverted', [shadow, authz(metadata(POLICY, { present_match: true }, { invert: true }))], 'c'],
  ['without shadow rules', [authz(ISTIO)], 'c'],
  ['without a condition', [authz({})], 'c'],
  ['another prefix', [rbac({ shadow_rules: asking('DENY'), shadow_rules_stat_prefix: 'other_' }), authz(ISTIO)], 'c'],
  ['real rules beside them', [rbac({ shadow_rules: asking('DENY'), rules: asking('ALLOW') }), authz(ISTIO)], 'c'],
  ['rules that log', [rbac({ shadow_rules: asking('LOG') }), authz(ISTIO)], 'c'],
  ['a service without a host', [shadow, authz(ISTIO, 'empty')], 'c'],
  ['a service without a host, which may fail', [shadow, authz({ ...ISTIO, failure_mode_allow: true }, 'empty')], 'c'],
  ['no host to go to either', [shadow, authz(ISTIO, 'empty')], 'empty'],
];

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(CASES)(
    '%s',
    async (name, filters, to) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const config = {
        static_resources: {
          listeners: [tcpListener(folder, port, to, filters)],
          clusters: [
            staticCluster('c', [grounds.upstreams.ports[0]]),
            staticCluster('authz', [(service.address() as AddressInfo).port], HTTP2),
            staticCluster('empty', [], HTTP2),
          ],
        },
      };
      const probes = ['127.0.0.1', '127.0.0.2'].map((address) => plainProbe(port, { from: address }));
      const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
      expect(held.map(({ ours }) => ours.map((outcome) => expectedOf(outcome).end))).toEqual(
        held.map(({ seen }) => [seen.end === DENIED ? ASKED : seen.end]),
      );
    },
    120_000,
  );

  it.each([
    ['rules that deny', rbac({ rules: rules('DENY', { p: from('127.0.0.1') }) })],
    ['a service without a host', authz({}, 'empty')],
  ])('%s: the client hears what the server says first', async (name, filter) => {
    const folder = grounds.folder(`${version}-${name}-silent`);
    const port = await freePort();
    const port_value = (greeting.address() as AddressInfo).port;
    const config = {
      static_resources: {
        listeners: [tcpListener(folder, port, 'c', [filter])],
        clusters: [staticCluster('c', [port_value]), staticCluster('empty', [], HTTP2)],
      },
    };
    const probes = [plainProbe(port), plainProbe(port, { silent: true })];
    const held = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    const told = held.map(({ ours }) =>
      ours.map((outcome) => [outcome.conditions[0]?.value, expectedOf(outcome).end] as const),
    );
    const [spoken, silent] = held;
    expect(told[0]).toEqual([[undefined, spoken?.seen.end]]);
    expect(told[1]).toEqual([
      [true, spoken?.seen.end],
      [false, `upstream c 127.0.0.1:${port_value}`],
    ]);
    // It had its answer before the filter heard of its end, and said no.
    expect([silent?.reply.body, silent?.seen.end]).toEqual([GREETING, spoken?.seen.end]);
  });
});
