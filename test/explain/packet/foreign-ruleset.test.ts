import { describe, expect, it } from 'vitest';
import { describeForeign, familyOfRules } from '../../../src/explain/packet/foreign-ruleset.ts';

describe('a file that holds no rules', () => {
  it.each([
    ['\n', 'it is empty'],
    [
      '{\n "configs": [\n  {\n   "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"',
      'it looks like an Envoy config_dump',
    ],
    ['{\n    "apiVersion": "v1",\n    "items": [', 'it looks like a Kubernetes object'],
    ['apiVersion: v1\nitems:\n', 'it looks like a Kubernetes object as YAML'],
    ['[{"ifindex":1}]', 'it looks like JSON'],
    [
      'Chain INPUT (policy ACCEPT)\ntarget     prot opt source\n',
      'it looks like a listing of `iptables -L`, which leaves out what rules say',
    ],
    ['-P INPUT ACCEPT\n-A INPUT -j DROP\n', 'it looks like a listing of one table by `iptables -S`'],
    ['default via 10.0.0.1 dev eth0\n', 'it looks like a listing of routes'],
    ['\u007fELF\u0002\u0001\u0000', 'it is no text'],
    ['hello\n', 'it looks like text of another format'],
  ])('%j: %s', (text, finding) => {
    const found = describeForeign(text);
    expect(found.finding).toBe(finding);
    expect(found.remedy).toMatch(/\.$/);
  });
});

it.each([
  ['-A INPUT -s 10.0.0.0/8 -j DROP', 4],
  ['-A INPUT ! -d fd00::/8 -j DROP', 6],
  ['-A INPUT -j DROP', undefined],
])('%s is of family %s', (rule, family) => {
  expect(familyOfRules(`*filter\n${rule}\nCOMMIT\n`)).toBe(family);
});
