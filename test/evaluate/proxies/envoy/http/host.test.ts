import { expect, it } from 'vitest';
import { findVirtualHost } from '../../../../../src/evaluate/proxies/envoy/http/virtual-host.ts';
import { stripPort, stripTrailingDot, withoutPort } from '../../../../../src/evaluate/proxies/envoy/http/host.ts';
import { Cursor } from '../../../../../src/model/json.ts';

it.each([
  ['a:80', 'a'],
  ['a', 'a'],
  ['[::1]:80', '[::1]'],
  ['[::1]', '[::1]'],
  ['a:', 'a'],
])('takes the port off %s', (authority, expected) => {
  expect(withoutPort(authority)).toBe(expected);
});

it.each([
  ['a:80', undefined, 'a'],
  ['a:80', 80, 'a'],
  ['a:81', 80, 'a:81'],
  ['a:http', undefined, 'a:http'],
  ['a:', undefined, 'a:'],
  ['[::1]', undefined, '[::1]'],
])('strips %s for port %s', (authority, port, expected) => {
  expect(stripPort(authority, port)).toBe(expected);
});

it.each([
  ['example.com.', 'example.com'],
  ['example.com.:443', 'example.com:443'],
  ['example.com', 'example.com'],
  ['a.b', 'a.b'],
])('strips the dot of %s', (authority, expected) => {
  expect(stripTrailingDot(authority)).toBe(expected);
});

const DOMAINS = [
  'reviews',
  '*.example.com',
  '*-a.example.com',
  'foo.*',
  'foo.bar.*',
  'Upper.Example.com',
  '*:8080',
  'a:80',
];

it.each([
  ['reviews', 'reviews'],
  ['REVIEWS', 'reviews'],
  ['x.example.com', '*.example.com'],
  ['x-a.example.com', '*-a.example.com'],
  ['.example.com', null],
  ['foo.x', 'foo.*'],
  ['foo.bar.x', 'foo.bar.*'],
  ['foo.example.com', '*.example.com'],
  ['upper.example.com', 'Upper.Example.com'],
  ['x:8080', '*:8080'],
  ['a:80', 'a:80'],
  ['a', null],
  ['', null],
])('finds the domain of %s', (authority, expected) => {
  const config = new Cursor('d', '', { virtual_hosts: DOMAINS.map((domain) => ({ name: domain, domains: [domain] })) });
  expect(findVirtualHost(config, authority)?.domain.string() ?? null).toBe(expected);
});

it.each([
  ['a:80', 'a'],
  ['a', 'a'],
  ['b:80', '*'],
])('ignores the port of %s where the table says so, but not that of its domains', (authority, expected) => {
  const domains = ['a', 'b:80', '*'];
  const config = new Cursor('d', '', {
    ignore_port_in_host_matching: true,
    virtual_hosts: domains.map((domain) => ({ domains: [domain] })),
  });
  expect(findVirtualHost(config, authority)?.domain.string()).toBe(expected);
});
