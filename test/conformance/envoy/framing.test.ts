/**
 * What the codec makes of the headers that frame a body and of those that concern the connection alone, held against the real Envoy:
 * what it refuses, what it takes away before a route is looked for, and which upgrades it does not hear of.
 */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import { staticCluster } from './static-cluster.ts';

const grounds = prepareGrounds(2);

type Asked = Partial<Probe>;

const post = (...headers: Probe['headers']): Asked => ({ method: 'POST', headers });
const lengths = (...values: readonly string[]): Asked =>
  post(...values.map((value) => ['content-length', value] as const));
const encodings = (...values: readonly string[]): Asked =>
  post(...values.map((value) => ['transfer-encoding', value] as const));
const connect = (...headers: Probe['headers']): Asked => ({ method: 'CONNECT', host: 'h:80', headers });
/** With a header that decides the route, and others. */
const named = (connection: string): Asked =>
  post(
    ['connection', connection],
    ['marked', '1'],
    ['te', 'gzip'],
    ['content-length', '0'],
    ['cookie', 'a=b'],
    ['content-type', 'application/grpc'],
  );
const upgrade = (protocol: string, connection: string): Asked => ({
  headers: [
    ['connection', connection],
    ['marked', '1'],
    ['upgrade', protocol],
    ['te', 'gzip'],
    ['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
  ],
});

const FRAMES = [
  ...[['0', '0'], ['0,0'], [''], ['00'], ['1e3'], ['0x1'], ['1 2'], ['+0'], ['3']].map((values) => lengths(...values)),
  ...[['chunked', 'chunked'], ['Chunked'], ['chunked,'], [''], ['identity'], ['gzip, chunked']].map((values) =>
    encodings(...values),
  ),
  post(['content-length', '0'], ['transfer-encoding', 'chunked']),
  post(['content-length', '0'], ['transfer-encoding', 'gzip']),
  post(['connection', 'x-forwarded-for'], ['transfer-encoding', 'gzip']),
  post(['x_y', '1'], ['content-length', 'x']),
  post(['x_y', '1'], ['transfer-encoding', 'gzip']),
  { ...post(['content-length', 'x']), host: 'a b' },
  { ...post(['connection', 'x-forwarded-for']), host: 'a b' },
  connect(['transfer-encoding', 'chunked']),
  connect(['content-length', '0']),
  connect(['content-length', '3']),
  connect(['content-length', 'x']),
  connect(['connection', 'x-forwarded-for']),
];
const NAMED = [
  'marked',
  'Marked',
  'close, marked',
  ' marked ,',
  'other',
  'te',
  'connection, marked',
  'keep-alive',
  'marked:',
  'x-forwarded-for',
  'X-Forwarded-Host',
  ':path',
  'a,b,c,d,e,f,g,h',
  'a,b,c,d,e,f,g,h,i',
  'content-type',
  '',
].map(named);
const UPGRADES = ['websocket', 'h2c', 'H2C', 'h2c, other'].flatMap((protocol) =>
  ['upgrade', 'Upgrade, marked', 'http2-settings, upgrade, x-forwarded-for'].map((connection) =>
    upgrade(protocol, connection),
  ),
);
const OVER_HTTP2 = ['x', '', '+0', '-1', '0'].map((value): Asked => ({
  ...lengths(value),
  version: 'h2',
  headers: [['content-length', value]],
}));

/** Refuses underscores, takes chunks that have a length, and lets connections be upgraded. */
const OPTIONS = {
  common_http_protocol_options: { headers_with_underscores_action: 'REJECT_REQUEST' },
  http_protocol_options: { allow_chunked_length: true },
  upgrade_configs: [{ upgrade_type: 'websocket' }, { upgrade_type: 'CONNECT' }],
};

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each([
    ['as it is', {}],
    ['options', OPTIONS],
  ])(
    'frames and connections: %s',
    async (name, manager) => {
      const folder = grounds.folder(`${version}-${name}`);
      const port = await freePort();
      const routes = [
        { name: 'r/tunnel', match: { connect_matcher: {} }, route: { cluster: 'c' } },
        { name: 'r/marked', match: { prefix: '/', headers: [{ name: 'marked' }] }, route: { cluster: 'marked' } },
        { name: 'r/any', match: { prefix: '/' }, route: { cluster: 'c' } },
      ];
      const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
      const [one, two] = grounds.upstreams.ports;
      const config = {
        static_resources: {
          listeners: [managedListener(folder, port, { ...manager, route_config })],
          clusters: [staticCluster('c', [one]), staticCluster('marked', [two])],
        },
      };
      const probes = [...FRAMES, ...NAMED, ...UPGRADES, ...OVER_HTTP2].map((asked) => plainProbe(port, asked));
      const ends = new Set<string>();
      for (const held of await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates)) {
        expectAgreement(held, JSON.stringify(held.probe));
        ends.add(held.seen.end.replace(/ \d+\.\d+\.\d+\.\d+:\d+$/, ''));
      }
      expect([...ends]).toEqual(
        expect.arrayContaining([
          'upstream c',
          'upstream marked',
          'reply 400 DPE http1.codec_error',
          'reply 400 DPE http1.connection_header_rejected',
          'reply 400 DPE http1.content_length_and_chunked_not_allowed',
          'reply 501 DPE http1.invalid_transfer_encoding',
          'close DPE http2.invalid.header.field',
        ]),
      );
    },
    120_000,
  );
});
