import { describe, expect, it } from 'vitest';
import {
  asFlag,
  asMember,
  readHeaders,
  readPlainHttp,
  readRequestLine,
} from '../../../src/explain/envoy-request/request-line.ts';

const AT = { address: '10.0.0.1:80' };

describe('readRequestLine', () => {
  it('reads every member', () => {
    const line = readRequestLine({
      listener: 'l',
      address: '[fd00::1]:443',
      host: 'shop.example',
      path: '/a?b',
      method: 'POST',
      headers: { 'X-One': ' 1 ', two: ['a', 'b'] },
      sni: 'shop.example',
      alpn: ['h2', 'http/1.1'],
      identity: 'spiffe://td/ns/a/sa/b',
      source: '[fd00::2]:4000',
      proxied: '[fd00::3]:5000,[fd00::4]:443',
    });
    expect(line).toMatchObject({
      listener: 'l',
      destination: { address: { text: 'fd00::1' }, port: 443 },
      source: { text: 'fd00::2' },
      sourcePort: 4000,
      proxied: {
        source: { address: { text: 'fd00::3' }, port: 5000 },
        destination: { address: { text: 'fd00::4' }, port: 443 },
      },
      hostless: false,
      http: {
        method: 'POST',
        authority: 'shop.example',
        path: '/a?b',
        headers: [
          ['x-one', '1'],
          ['two', 'a'],
          ['two', 'b'],
        ],
        scheme: 'https',
        version: 'h2',
      },
      tls: { sni: 'shop.example', alpn: ['h2', 'http/1.1'], clientIdentity: 'spiffe://td/ns/a/sa/b' },
    });
  });

  it.each([
    ['a member', { host: 'one' }, 'one'],
    ['a header', { headers: { a: 'b', Host: ' two ' } }, 'two'],
    ['both alike', { host: 'one', headers: { host: 'one' } }, 'one'],
    ['a header without a value', { headers: { host: '' } }, ''],
  ])('takes the host from %s', (_, members, authority) => {
    const line = readRequestLine({ ...AT, ...members });
    expect(line).toMatchObject({ hostless: false, http: { authority } });
    expect(readPlainHttp({ ...AT, ...members }, '10.0.0.1:80', asMember)).toMatchObject({ authority });
    const names = typeof line === 'string' ? [line] : line.http.headers.map(([name]) => name);
    expect(names).not.toContain('host');
  });

  it('takes the protocol of a CONNECT from where it stands as a header', () => {
    const line = readRequestLine({ ...AT, method: 'CONNECT', headers: { a: 'b', ':protocol': 'websocket' } });
    expect(line).toMatchObject({ http: { protocol: 'websocket', headers: [['a', 'b']] } });
  });

  it('takes absent, null and empty members alike: a plain GET /', () => {
    const plain = readRequestLine(AT);
    expect(plain).toMatchObject({
      hostless: true,
      tls: null,
      source: null,
      http: { method: 'GET', authority: '', path: '/', headers: [] },
    });
    expect(
      readRequestLine({ ...AT, listener: '', host: null, sni: null, alpn: [], headers: null, method: '', source: '' }),
    ).toEqual(plain);
  });

  it.each([
    ['sni', { sni: 'a' }, { sni: 'a', alpn: [], clientIdentity: null }],
    ['alpn', { alpn: 'h2, http/1.1' }, { sni: null, alpn: ['h2', 'http/1.1'], clientIdentity: null }],
    ['tls alone', { tls: true }, { sni: null, alpn: [], clientIdentity: null }],
  ])('speaks TLS with %s', (_, members, tls) => {
    expect(readRequestLine({ ...AT, ...members })).toMatchObject({ tls });
  });

  it.each<[unknown, string]>([
    ['text', 'a request is a JSON object'],
    [[], 'a request is a JSON object'],
    [{}, 'listener or address is missing'],
    [{ address: '10.0.0.1' }, 'address is no IP:PORT: "10.0.0.1"'],
    [{ address: '10.0.0.1:0' }, 'address is no IP:PORT: "10.0.0.1:0"'],
    [{ address: '10.0.0.1:70000' }, 'address is no IP:PORT: "10.0.0.1:70000"'],
    [{ ...AT, source: 'nobody' }, 'source is no IP address: "nobody"'],
    [{ ...AT, proxied: 'v3 10.0.0.9:1' }, 'proxied is no IP:PORT or IP:PORT,IP:PORT: "v3 10.0.0.9:1"'],
    [{ ...AT, proxied: '10.0.0.9' }, 'proxied is no IP:PORT or IP:PORT,IP:PORT: "10.0.0.9"'],
    [{ ...AT, proxied: '10.0.0.9:1,h:2' }, 'proxied is no IP:PORT or IP:PORT,IP:PORT: "10.0.0.9:1,h:2"'],
    [{ ...AT, proxied: '10.0.0.9:1,[fd00::1]:2' }, 'the addresses of proxied are of different families'],
    [{ ...AT, method: 'G ET' }, 'method is none: "G ET"'],
    [{ ...AT, path: 7 }, 'path is no text'],
    [{ ...AT, headers: 'a: b' }, 'headers is no JSON object'],
    [{ ...AT, headers: { a: 1 } }, 'the header a is no text'],
    [{ ...AT, headers: { 'a b': '1' } }, '"a b" is no name of a header'],
    [{ ...AT, headers: { a: 'x\r\ny: z' } }, 'the header a holds a line break'],
    [{ ...AT, host: 'one', headers: { Host: 'two' } }, 'the host is given twice'],
    [{ ...AT, headers: { Host: ['two', 'two'] } }, 'the header host is given twice'],
    [{ ...AT, headers: { Host: 'two', HOST: 'three' } }, 'the header host is given twice'],
    [{ ...AT, alpn: [1] }, 'alpn is no list of texts'],
    [{ ...AT, tls: 'yes' }, 'tls is true or false'],
    [{ ...AT, tls: false, sni: 'a' }, 'sni, alpn and identity are of TLS, and tls is false'],
  ])('says what is wrong with %j', (description, problem) => {
    expect(readRequestLine(description)).toBe(problem);
  });

  it.each<[unknown, string]>([
    [{}, '--listener or --address is missing'],
    [{ address: 'x' }, '--address is no IP:PORT: "x"'],
    [{ ...AT, source: 'nobody' }, '--source is no IP address: "nobody"'],
    [{ ...AT, tls: false, sni: 'a' }, '--sni, --alpn and --identity are of TLS, and --tls is false'],
    [{ ...AT, host: 'one', headers: { Host: 'two' } }, 'the host is given twice'],
  ])('calls the flags that %j came from by their names', (description, problem) => {
    expect(readRequestLine(description, asFlag)).toBe(problem);
  });

  it.each([
    ['10.0.0.9:1', 1, '10.0.0.9', null],
    ['v1 10.0.0.9:1', 1, '10.0.0.9', null],
    ['v2 10.0.0.9:1, 10.0.0.2:2', 2, '10.0.0.9', 2],
  ])('reads the PROXY protocol header %j', (proxied, version, source, port) => {
    const line = readRequestLine({ ...AT, proxied });
    const destination = port === null ? null : { port };
    expect(line).toMatchObject({ proxied: { version, source: { address: { text: source } }, destination } });
  });
});

describe('readHeaders', () => {
  it('gathers what is given several times', () => {
    expect(readHeaders(['a: 1', 'b:2:3', 'a: 4'])).toEqual({ a: ['1', '4'], b: '2:3' });
    expect(readHeaders([])).toBeUndefined();
  });

  it.each(['none', ': x', 'a b: c'])('refuses %j', (line) => {
    expect(() => readHeaders([line])).toThrow('-H wants "Name: value"');
  });
});
