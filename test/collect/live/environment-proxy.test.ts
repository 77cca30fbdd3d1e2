import { expect, it } from 'vitest';
import { environmentProxy } from '../../../src/collect/live/environment-proxy.ts';

const PROXY = 'http://proxy:3128';

it.each<readonly [string, string, Readonly<Record<string, string>>, string | null]>([
  ['nothing is set', 'https://api.example.com:6443', {}, null],
  ['for https', 'https://api.example.com:6443', { HTTPS_PROXY: PROXY, HTTP_PROXY: 'http://other' }, PROXY],
  ['for http', 'http://api.example.com', { HTTPS_PROXY: 'http://other', HTTP_PROXY: PROXY }, PROXY],
  ['in lower case', 'https://api.example.com', { https_proxy: PROXY }, PROXY],
  ['upper case first', 'https://api.example.com', { HTTPS_PROXY: PROXY, https_proxy: 'http://other' }, PROXY],
  ['without a scheme', 'https://api.example.com', { HTTPS_PROXY: 'proxy:3128' }, PROXY],
  ['SOCKS', 'https://api.example.com', { HTTPS_PROXY: 'socks5://proxy:1080' }, 'socks5://proxy:1080'],
  ['HTTP_PROXY of a CGI program', 'http://api.example.com', { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }, null],
  ['never for loopback', 'https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, null],
  ['never for IPv6 loopback', 'https://[::1]:6443', { HTTPS_PROXY: PROXY }, null],
  ['never for localhost', 'https://localhost:6443', { HTTPS_PROXY: PROXY }, null],
])('%s', (_, server, environment, proxy) => {
  expect(environmentProxy(new URL(server), environment)).toBe(proxy);
});

it.each([
  ['*', 'api.example.com', true],
  ['example.com', 'example.com', true],
  ['example.com', 'api.example.com', true],
  ['example.com', 'badexample.com', false],
  ['.example.com', 'example.com', false],
  ['.example.com', 'api.example.com', true],
  ['*.example.com', 'api.example.com', true],
  ['EXAMPLE.com', 'api.example.com', true],
  ['other.org, example.com', 'api.example.com', true],
  [' , ', 'api.example.com', false],
  ['example.com:6443', 'api.example.com', true],
  ['example.com:443', 'api.example.com', false],
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '11.1.2.3', false],
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3:6443', '10.1.2.3', true],
  ['10.1.2.3:1', '10.1.2.3', false],
  ['10.1.2', '10.1.2.3', false],
  ['fd00::/8', '[fd00::1]', true],
  ['[fd00::1]:6443', '[fd00::1]', true],
])('NO_PROXY=%s leaves out %s: %s', (noProxy, host, bypassed) => {
  const proxy = environmentProxy(new URL(`https://${host}:6443`), { HTTPS_PROXY: PROXY, NO_PROXY: noProxy });
  expect(proxy).toBe(bypassed ? null : PROXY);
});
