import { expect, it } from 'vitest';
import { dnsNameMatches } from '../../../../../src/evaluate/proxies/envoy/tls/dns-name.ts';

/** As the real Envoy decides (test/conformance/envoy/mutual-tls.test.ts), and beyond it as Utility::dnsNameMatch reads. */
it.each([
  ['svc.example', 'SVC.EXAMPLE', true],
  ['Svc.example', 'svc.example', true],
  ['svc.example', '*.Example', true],
  ['svc.example', 's*C.example', true],
  ['sc.example', 's*c.example', true],
  ['s.example', 's*c.example', false],
  ['svc.example', 'svcs*.example', false],
  ['svc.example', 's*svc.example', false],
  ['svc.example', 's**.example', false],
  ['svc.example', '*.*', false],
  ['svc.example', '*', false],
  ['svc.example', '*.svc.example', false],
  ['a.svc.example', '*.example', false],
  ['svc.example', 'xn--*.example', false],
  ['xn--a.example', 'xn--*.example', false],
  ['*.example', '*.example', true],
  ['.example', '*.example', true],
  ['example', '*', false],
  ['a.b*', '*.b*', false],
])('host %s, name %s: %s', (host, name, matches) => {
  expect(dnsNameMatches(host, name)).toBe(matches);
});
