/** What the codec is not known to take or refuse; what it does is held against the real Envoy (test/conformance/envoy/codec.test.ts). */
import { expect, it } from 'vitest';
import type { EnvoyOutcome } from '../../../../../src/model/envoy.ts';
import type { HttpRequest } from '../../../../../src/model/request.ts';
import { evaluateEnvoy } from '../../../../../src/evaluate/proxies/envoy/evaluate-envoy.ts';
import { cluster, httpListener, smallProxy } from '../small-proxy.ts';
import { direct, http, summary } from '../snapshot.ts';

const ROUTE = { match: { prefix: '/' }, route: { cluster: 'c' } };
const TEN = { common_http_protocol_options: { max_headers_count: 10 } };

function ask(manager: object, request: HttpRequest): EnvoyOutcome[] {
  const facts = smallProxy({ listeners: [httpListener([ROUTE], manager)], clusters: [cluster('c')] });
  return evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
}

const headers = (count: number, name = 'x'): [string, string][] =>
  Array.from({ length: count }, (_, index) => [`${name}${index}`, '1']);
const same = (count: number): [string, string][] =>
  Array.from({ length: count }, () => ['x-forwarded-for', '10.0.0.1']);

it.each<[string, object, Partial<HttpRequest>, RegExp]>([
  ['as many of one name as there may be', TEN, { headers: same(9) }, /^1 c /],
  ['more of one name', TEN, { headers: same(10) }, /undetermined: whether headers of one name/],
  ['more beside one name', TEN, { headers: [...same(2), ...headers(9)] }, /^1 431 /],
  [
    'more of one name over HTTP/2',
    TEN,
    { version: 'h2', headers: same(7) },
    /undetermined: whether headers of one name/,
  ],
  [
    'a cookie that may come in parts',
    TEN,
    { version: 'h2', headers: [['cookie', 'a=1; b=2; c=3; d=4; e=5; f=6; g=7']] },
    /undetermined: whether/,
  ],
  [
    'a cookie in as many parts as there may be',
    TEN,
    { version: 'h2', headers: [['cookie', 'a=1; b=2; c=3; d=4; e=5; f=6']] },
    /^1 c /,
  ],
  [
    'headers that a proxy sets',
    TEN,
    { headers: headers(8), unknownHeaders: ['a', 'b'] },
    /undetermined: how many headers/,
  ],
  [
    'the same over HTTP/2',
    TEN,
    { version: 'h2', headers: headers(5), unknownHeaders: ['a', 'b'] },
    /undetermined: how many headers/,
  ],
  [
    'a field that HPACK may not take',
    {},
    { version: 'h2', headers: [['x', 'x'.repeat(65_537)]] },
    /undetermined: whether HPACK/,
  ],
  [
    'oghttp2',
    { http2_protocol_options: { use_oghttp2_codec: true }, ...TEN },
    { version: 'h2', headers: headers(7) },
    /undetermined: how oghttp2/,
  ],
  [
    'nghttp2',
    { http2_protocol_options: { use_oghttp2_codec: false }, ...TEN },
    { version: 'h2', headers: headers(7) },
    /close DR http2\.too_many_headers$/,
  ],
  [
    'a header of the connection over HTTP/2',
    {},
    { version: 'h2', headers: [['connection', 'close']] },
    /close DPE http2\.invalid\.header\.field$/,
  ],
  [
    'a method that is none, and too large',
    {},
    { method: 'FOO', headers: [['x', 'x'.repeat(61_440)]] },
    /undetermined: which of two faults/,
  ],
  ['a length that is a number', {}, { headers: [['content-length', '3']] }, /^1 c /],
  ['a length that is none', {}, { headers: [['content-length', '+3']] }, /^1 400 DPE http1\.codec_error/],
  [
    'a very large length',
    {},
    { headers: [['content-length', '9'.repeat(19)]] },
    /undetermined: whether the codec takes/,
  ],
  [
    'a length that is none, beside chunks',
    {},
    {
      headers: [
        ['content-length', 'x'],
        ['transfer-encoding', 'chunked'],
      ],
    },
    /undetermined: which length/,
  ],
  [
    'another encoding than chunks',
    {},
    { headers: [['transfer-encoding', 'gzip']] },
    /^1 501 DPE http1\.invalid_transfer_encoding/,
  ],
  [
    'a header that nobody may have taken away',
    {},
    { headers: [['connection', 'x-forwarded-for']] },
    /^1 400 DPE http1\.connection_header_rejected/,
  ],
  ['Host taken away', {}, { headers: [['connection', 'host']] }, /undetermined: .* takes away host/],
  [
    'an upgrade that may be ignored',
    { http_protocol_options: { ignore_http_11_upgrade: [{ prefix: 'TLS' }] } },
    {
      headers: [
        ['connection', 'upgrade'],
        ['upgrade', 'websocket'],
      ],
    },
    /undetermined: which upgrades are ignored/,
  ],
  [
    'two lengths over HTTP/2',
    {},
    {
      version: 'h2',
      headers: [
        ['content-length', '0'],
        ['content-length', '0'],
      ],
    },
    /undetermined: which content-length/,
  ],
  ['QUERY', {}, { method: 'QUERY' }, /undetermined: what becomes of the method QUERY/],
  ['no host', {}, { authority: '' }, /undetermined: the request names no host/],
])('%s', (_, manager, request, told) => {
  expect(
    ask(manager, { ...http('GET', 'h', '/'), ...request })
      .map(summary)
      .join(),
  ).toMatch(told);
});

it.each([
  ['as it is', [], ['marked', 'te', 'x-forwarded-proto']],
  ['named by Connection', [['connection', 'Marked, te']], ['connection', 'te', 'x-forwarded-proto']],
  [
    'and with an upgrade that HTTP/1 does not hear of',
    [
      ['connection', 'upgrade, marked'],
      ['upgrade', 'h2c'],
    ],
    ['te', 'connection', 'x-forwarded-proto'],
  ],
])('a header %s', (_, more, sent) => {
  const given: [string, string][] = [
    ['marked', '1'],
    ['te', 'gzip, trailers'],
    ...more.map(([name = '', value = '']): [string, string] => [name, value]),
  ];
  const [outcome] = ask({}, { ...http('GET', 'h', '/'), headers: given });
  const received = outcome?.end.kind === 'upstream' ? (outcome.end.request.http?.headers ?? []) : [];
  expect(received.map(([name]) => name).toSorted()).toEqual(sent.toSorted());
  expect(new Map(received).get('te')).toBe('trailers');
});

it('a proxy sends no header of the connection on over HTTP/2', () => {
  const version2 = { http2_protocol_options: {} };
  const facts = smallProxy({ listeners: [httpListener([ROUTE], {})], clusters: [cluster('c', 1, version2)] });
  const request = http('GET', 'h', '/', { connection: 'close', te: 'gzip', 'x-user': 'a' });
  const [outcome] = evaluateEnvoy(facts, direct('10.1.1.1', '10.1.1.2', 80, request));
  const sent = outcome?.end.kind === 'upstream' ? outcome.end.request.http?.headers.map(([name]) => name) : null;
  expect(sent).toEqual(['x-user', 'x-forwarded-proto']);
});
