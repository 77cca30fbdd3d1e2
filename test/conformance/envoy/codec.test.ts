/**
 * What the codec of a connection manager refuses, held against the real Envoy over both versions of HTTP: the other version, headers beyond
 * a limit (to the byte), underscores, and characters that a method, a path or a host may not have.
 */
import { describe, expect, it } from 'vitest';
import { expectAgreement } from './expect-agreement.ts';
import { freePort } from './ports.ts';
import { prepareGrounds } from './grounds.ts';
import { ENVOY_VERSIONS, installEnvoy } from './install-envoy.ts';
import { managedListener, plainProbe } from './plain-listener.ts';
import type { Probe } from './probe.ts';
import { holdAgainst } from './session.ts';
import type { Held } from './session.ts';
import { staticCluster } from './static-cluster.ts';
import { expectedOf } from './verdict.ts';

const grounds = prepareGrounds(1);

type Asked = Partial<Probe>;
type Headers = Probe['headers'];

const HTTP2 = { version: 'h2' } as const;
const TLS = { tls: { sni: 'a.example', alpn: ['h2', 'http/1.1'], identity: null } };

const ANY = { name: 'any', match: { prefix: '/' }, route: { cluster: 'c' } };

/** Asks a listener with such a connection manager. */
async function hold(
  version: string,
  name: string,
  manager: object,
  asked: readonly Asked[],
  routes: readonly object[] = [ANY],
): Promise<Held[]> {
  const folder = grounds.folder(`${version}-${name}`);
  const port = await freePort();
  const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes }] };
  const config = {
    static_resources: {
      listeners: [managedListener(folder, port, { ...manager, route_config })],
      clusters: [staticCluster('c', [grounds.upstreams.ports[0]])],
    },
  };
  const probes = asked.map((one) => plainProbe(port, one));
  return holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
}

const told = ({ ours }: Held): string => ours.map((outcome) => expectedOf(outcome).end).join();

/** With what Envoy does, and what we say: the client cannot read an answer in the other version. */
const VERSIONS: readonly (readonly [string, string, Asked, RegExp, RegExp])[] = [
  ['HTTP1', 'HTTP/1.1', {}, /^upstream c /, /^upstream c /],
  ['HTTP1', 'HTTP/2', HTTP2, /^reply 400 DPE http1\.codec_error$/, /^close DPE http1\.codec_error$/],
  ['HTTP1', 'TLS', TLS, /^reply 400 DPE http1\.codec_error$/, /^close DPE http1\.codec_error$/],
  ['HTTP2', 'HTTP/1.1', {}, /^close DPE -$/, /^close DPE -$/],
  ['HTTP2', 'HTTP/2', HTTP2, /^upstream c /, /^upstream c /],
  ['HTTP2', 'TLS', TLS, /^close DPE -$/, /^close DPE -$/],
  ['AUTO', 'HTTP/2', HTTP2, /^upstream c /, /^upstream c /],
];

const large = (bytes: number): Headers => [['x-large', 'x'.repeat(bytes)]];
const many = (count: number, name = 'x-'): Headers =>
  Array.from({ length: count }, (_, index): [string, string] => [`${name}${index}`, '1']);
const KB = { max_request_headers_kb: 1 };
const limited = (more: object = {}): object => ({ common_http_protocol_options: { max_headers_count: 10, ...more } });
const UNDERSCORES = (action: string): object => limited({ headers_with_underscores_action: action });

/** How many bytes the header `x-large` may have beside all else that the suite's client sends to a listener that takes 1 KiB. */
const ROOM = {
  'http/1.1': 1024 - 'GET / HTTP/1.1\r\nhost: h\r\nx-large: \r\nconnection: close\r\n\r\n'.length,
  h2: 1024 - ':methodGET:schemehttp:path/:authorityhx-large'.length,
};

const CASES: readonly (readonly [string, object, Asked, RegExp])[] = [
  ['1 KiB', KB, { headers: large(ROOM['http/1.1']) }, /^upstream/],
  ['a byte more', KB, { headers: large(ROOM['http/1.1'] + 1) }, /^reply 431 DPE http1\.headers_too_large$/],
  ['1 KiB over HTTP/2', KB, { ...HTTP2, headers: large(ROOM.h2) }, /^upstream/],
  [
    'a byte more over HTTP/2',
    KB,
    { ...HTTP2, headers: large(ROOM.h2 + 1) },
    /^close DR http2\.header_list_size_too_large$/,
  ],
  [
    'a cookie, whose name does not count',
    KB,
    { ...HTTP2, headers: [['cookie', 'x'.repeat(ROOM.h2 + 7)]] },
    /^upstream/,
  ],
  [
    'a larger cookie',
    KB,
    { ...HTTP2, headers: [['cookie', 'x'.repeat(ROOM.h2 + 8)]] },
    /^close DR http2\.header_list_size_too_large$/,
  ],
  ['a large path', KB, { path: `/${'x'.repeat(1020)}` }, /^reply 431 DPE http1\.headers_too_large$/],
  [
    'a large path over HTTP/2',
    KB,
    { ...HTTP2, path: `/${'x'.repeat(1020)}` },
    /^close DR http2\.header_list_size_too_large$/,
  ],
  ['60 KiB', {}, { headers: large(ROOM['http/1.1'] + 59 * 1024) }, /^upstream/],
  ['60 KiB and a byte', {}, { headers: large(ROOM['http/1.1'] + 59 * 1024 + 1) }, /^reply 431/],
  ['60 KiB over HTTP/2', {}, { ...HTTP2, headers: large(ROOM.h2 + 59 * 1024) }, /^upstream/],
  ['60 KiB and a byte over HTTP/2', {}, { ...HTTP2, headers: large(ROOM.h2 + 59 * 1024 + 1) }, /^close DR/],
  // With Host and Connection.
  ['ten headers', limited(), { headers: many(8) }, /^upstream/],
  ['eleven headers', limited(), { headers: many(9) }, /^reply 431 DPE http1\.too_many_headers$/],
  ['ten headers over HTTP/2', limited(), { ...HTTP2, headers: many(6) }, /^upstream/],
  ['eleven headers over HTTP/2', limited(), { ...HTTP2, headers: many(7) }, /^close DR http2\.too_many_headers$/],
  [
    'an underscore',
    UNDERSCORES('REJECT_REQUEST'),
    { headers: [['x_y', '1']] },
    /^reply 400 DPE http1\.unexpected_underscore$/,
  ],
  [
    'an underscore over HTTP/2',
    UNDERSCORES('REJECT_REQUEST'),
    { ...HTTP2, headers: [['x_y', '1']] },
    /^close DR http2\.unexpected_underscore$/,
  ],
  ['an underscore that is allowed', UNDERSCORES('ALLOW'), { ...HTTP2, headers: [['x_y', '1']] }, /^upstream/],
  ['more headers, dropped', UNDERSCORES('DROP_HEADER'), { headers: [...many(8), ...many(5, 'x_')] }, /^upstream/],
  [
    'more headers, dropped, over HTTP/2',
    UNDERSCORES('DROP_HEADER'),
    { ...HTTP2, headers: [...many(6), ...many(5, 'x_')] },
    /^upstream/,
  ],
  [
    'too many beside those that were dropped',
    UNDERSCORES('DROP_HEADER'),
    { ...HTTP2, headers: [...many(5, 'x_'), ...many(7)] },
    /^close DR http2\.unexpected_underscore$/,
  ],
  [
    'what is dropped counts to the size of the head',
    { ...UNDERSCORES('DROP_HEADER'), ...KB },
    { headers: [['x_y', 'x'.repeat(1020)]] },
    /^reply 431 DPE http1\.headers_too_large$/,
  ],
  [
    'what is dropped counts to no size over HTTP/2',
    { ...UNDERSCORES('DROP_HEADER'), ...KB },
    { ...HTTP2, headers: [['x_y', 'x'.repeat(1020)]] },
    /^upstream/,
  ],
  [
    'an underscore before too much',
    { ...UNDERSCORES('REJECT_REQUEST'), ...KB },
    { headers: [['x_y', '1'], ...large(1020)] },
    /^reply 431 DPE http1\.headers_too_large$/,
  ],
  [
    'an underscore before too many',
    UNDERSCORES('REJECT_REQUEST'),
    { headers: [['x_y', '1'], ...many(9)] },
    /^reply 400/,
  ],
  [
    'an underscore after too many',
    UNDERSCORES('REJECT_REQUEST'),
    { headers: [...many(10), ['x_y', '1']] },
    /^reply 431/,
  ],
  [
    'an underscore before too much over HTTP/2',
    { ...UNDERSCORES('REJECT_REQUEST'), ...KB },
    { ...HTTP2, headers: [['x_y', '1'], ...large(1020)] },
    /^close DR http2\.unexpected_underscore$/,
  ],
  [
    'an underscore after too much over HTTP/2',
    { ...UNDERSCORES('REJECT_REQUEST'), ...KB },
    { ...HTTP2, headers: [...large(1020), ['x_y', '1']] },
    /^close DR http2\.header_list_size_too_large$/,
  ],
  ['a method that is none', {}, { method: 'FOO' }, /^reply 400 DPE http1\.codec_error$/],
  ['M-SEARCH', {}, { method: 'M-SEARCH' }, /^reply 400 DPE http1\.codec_error$/],
  ['MSEARCH', {}, { method: 'MSEARCH' }, /^upstream/],
  [
    'a method of its own',
    { http_protocol_options: { allow_custom_methods: true } },
    { method: 'PUSH-IT' },
    /^upstream/,
  ],
  [
    'HTTP/2, whose preface would be a method of its own',
    { codec_type: 'HTTP1', http_protocol_options: { allow_custom_methods: true } },
    HTTP2,
    /^reply 400 DPE http1\.invalid_url$/,
  ],
  ['no token', { http_protocol_options: { allow_custom_methods: true } }, { method: 'A,B' }, /^reply 400/],
  ['a method of its own over HTTP/2', {}, { ...HTTP2, method: 'FOO' }, /^upstream/],
  ['a path with a tabulator', {}, { path: '/a\tb' }, /^reply 400 DPE http1\.codec_error$/],
  ['a path beyond ASCII', {}, { path: '/ä' }, /^reply 400 DPE http1\.codec_error$/],
  ['a path with a control character', {}, { path: '/a\x01b' }, /^reply 400 DPE http1\.invalid_characters$/],
  [
    'a value with a control character',
    {},
    { headers: [['x-a', 'a\x01b']] },
    /^reply 400 DPE http1\.invalid_characters$/,
  ],
  [
    'a method that is none, and a control character',
    {},
    { method: 'FOO', path: '/\x01' },
    /^reply 400 DPE http1\.invalid_characters$/,
  ],
  [
    'a host with an underscore before one that is none',
    UNDERSCORES('REJECT_REQUEST'),
    { host: 'a{b', headers: [['x_y', '1']] },
    /^reply 400 DPE http1\.unexpected/,
  ],
];

const PRINTED = Array.from({ length: 0x7f - 0x21 }, (_, index) => String.fromCharCode(0x21 + index));

describe.each(ENVOY_VERSIONS)('Envoy %s', (version) => {
  it.each(VERSIONS)(
    '%s, asked in %s',
    async (codec_type, asked, probe, end, ours) => {
      const [held] = await hold(version, `${codec_type}-${asked}`, { codec_type }, [probe]);
      expect(held?.seen.end).toMatch(end);
      expect(held?.reply.status).toBe(end.source.startsWith('^upstream') ? 200 : null);
      expect(held && told(held)).toMatch(ours);
    },
    120_000,
  );

  it.each(CASES)(
    '%s',
    async (name, manager, probe, end) => {
      const [held] = await hold(version, name, manager, [probe]);
      expect(held?.seen.end).toMatch(end);
      expectAgreement(held!, name);
    },
    120_000,
  );

  it('hosts of every printed character', async () => {
    const asked = PRINTED.flatMap((character): Asked[] => {
      const host = `a${character}b`;
      return [{ host }, { ...HTTP2, host }];
    });
    const all = await hold(version, 'hosts', {}, asked);
    for (const held of all) expectAgreement(held, `${held.probe.version ?? 'http/1.1'} ${held.probe.host}`);
    expect(new Set(all.map(told).map((end) => end.replace(/ \d.*:\d+$/, '')))).toEqual(
      new Set(['upstream c', 'reply 400 DPE http.invalid_authority', 'close DPE http2.invalid.header.field']),
    );
  }, 120_000);

  it('targets of CONNECT with every printed character', async () => {
    const asked = [...PRINTED, '@@', 'ä'].map((character) => ({ method: 'CONNECT', host: `a${character}b:443` }));
    const manager = { upgrade_configs: [{ upgrade_type: 'CONNECT' }] };
    const route = { name: 'any', match: { connect_matcher: {} }, route: { cluster: 'c' } };
    const all = await hold(version, 'targets', manager, asked, [route]);
    const refused = (ends: (one: Held) => string): string[] =>
      all.filter((one) => /^reply 400 DPE http1\.codec_error$/.test(ends(one))).map(({ probe }) => probe.host);
    expect(refused(told)).toEqual(refused(({ seen }) => seen.end));
    expect(refused(told)).toContain('a{b:443');
    for (const held of all.filter(({ ours }) => !ours.some(({ end }) => end.kind === 'undetermined')))
      expectAgreement(held, held.probe.host);
  }, 120_000);

  it('http_inspector sees no HTTP where the first line is none', async () => {
    const folder = grounds.folder(`${version}-inspector`);
    const port = await freePort();
    const route_config = { name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes: [ANY] }] };
    const listener = managedListener(folder, port, { route_config }) as { filter_chains: [{ filters: object[] }] };
    const [{ filters }] = listener.filter_chains;
    const inspector = 'type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector';
    const inspected = {
      ...listener,
      listener_filters: [{ name: 'inspector', typed_config: { '@type': inspector } }],
      filter_chains: [
        { name: 'http', filters, filter_chain_match: { application_protocols: ['http/1.1'] } },
        { name: 'other', filters },
      ],
    };
    const clusters = [staticCluster('c', [grounds.upstreams.ports[0]])];
    const config = { static_resources: { listeners: [inspected], clusters } };
    const probes = [
      {},
      { path: '/ä' },
      { path: '/a\tb' },
      { method: 'A,B' },
      { host: 'a{b' },
      { ...HTTP2 },
      { method: 'CONNECT', host: 'a{b:443' },
    ].map((one) => plainProbe(port, one));
    const all = await holdAgainst(installEnvoy(version), folder, config, probes, grounds.certificates);
    for (const held of all) expectAgreement(held, JSON.stringify(held.probe));
    expect(all.map(({ seen }) => seen.chain)).toEqual(['http', 'other', 'other', 'other', 'http', 'other', 'other']);
  }, 120_000);

  it('the log tells of a dropped header where the proxy answers before the body', async () => {
    const drops = UNDERSCORES('DROP_HEADER');
    const dropped = [['x_y', '1']] as const;
    const ok = { name: 'ok', match: { prefix: '/ok' }, direct_response: { status: 200 } };
    const asked = [
      { ...HTTP2, method: 'POST', headers: [...dropped, ['content-length', '5']] },
      { ...HTTP2, method: 'POST', headers: [...dropped, ['content-length', '5']], path: '/ok' },
      { ...HTTP2, method: 'POST', headers: [...dropped, ['content-length', '0']] },
      { ...HTTP2, method: 'POST', headers: [['content-length', '5']] },
      { method: 'POST', headers: [...dropped, ['content-length', '5']] },
    ] as const;
    const held = await hold(version, 'dropped-body', drops, asked, [ok]);
    expect(held.map(({ seen }) => seen.end)).toEqual([
      'reply 404 NR,DPE http2.unexpected_underscore',
      'reply 200 DPE http2.unexpected_underscore',
      ...Array.from({ length: 3 }, () => 'reply 404 NR route_not_found'),
    ]);
    for (const { ours } of held.slice(0, 2)) expect(ours.map(({ end }) => end.kind)).toEqual(['undetermined']);
    for (const one of held.slice(2)) expectAgreement(one, JSON.stringify(one.probe));
  }, 120_000);

  it('a dropped header is absent for all that follows', async () => {
    const match = { prefix: '/', headers: [{ name: 'x_y', present_match: true }] };
    const routes = [{ name: 'seen', match, route: { cluster: 'c' } }, ANY];
    const asked = [{ headers: [['x_y', '1']] as const }, { ...HTTP2, headers: [['x_y', '1']] as const }];
    for (const [action, route] of [
      ['DROP_HEADER', 'any'],
      ['ALLOW', 'seen'],
    ] as const) {
      for (const held of await hold(version, `dropped-${action}`, UNDERSCORES(action), asked, routes)) {
        expect(held.seen.route).toBe(route);
        expectAgreement(held, action);
      }
    }
  }, 120_000);
});
