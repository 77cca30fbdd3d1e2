import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseRoutingRules } from '../../../src/parse/iproute2/routing-rules.ts';
import type { RoutingRule } from '../../../src/model/network-namespace.ts';
import { mutatedArtefact, textArtefact } from '../artefacts.ts';

/** `ip -j rule` of iproute2 6.1, after `ip rule add` of each. */
const DUMP = `[{"priority":0,"src":"all","table":"local"},
{"priority":100,"src":"10.9.0.0","srclen":16,"dst":"10.8.0.1","table":"100"},
{"priority":101,"not":null,"src":"10.9.0.0","srclen":16,"tos":"0x10","fwmark":"0x10","fwmask":"0xff","iif":"va","oif":"vc","uid_start":100,"uid_end":200,"ipproto":"tcp","sport":10,"dport_start":20,"dport_end":30,"table":"100"},
{"priority":102,"src":"all","iif":"nodev","iif_detached":null,"table":"100"},
{"priority":103,"src":"all","fwmark":"0x7","goto":200},
{"priority":104,"src":"all","fwmark":"0x7","goto":150,"unresolved":null},
{"priority":200,"src":"all","nop":null},
{"priority":201,"src":"all","table":"main","suppress_prefixlen":0},
{"priority":202,"src":"all","table":"main","suppress_ifgroup":"5"},
{"priority":203,"src":"1.2.3.4","action":"blackhole"},
{"priority":206,"src":"all","l3mdev":null},
{"priority":207,"src":"all","ipproto":"icmp","table":"100","flow_from":"3","flow_to":"4"},
{"priority":208,"src":"all","tun_id":5,"table":"100"},
{"priority":209,"src":"all","fwmark":"0","fwmask":"0x100","table":"100"},
{"priority":32766,"src":"all","table":"254","protocol":"kernel"}]`;

/** What a rule says beyond "everything, no table". */
function told(rule: RoutingRule): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rule).filter(
      ([key, value]) =>
        !['evidence', 'family'].includes(key) &&
        value !== null &&
        value !== false &&
        !(Array.isArray(value) && value.length === 0),
    ),
  );
}

describe('parseRoutingRules', () => {
  it('reads every selector and action that iproute2 prints', () => {
    const { value, gaps } = parseRoutingRules(textArtefact(DUMP), 4);
    expect(gaps).toEqual([]);
    expect(value.map(told)).toEqual([
      { priority: 0, action: 'lookup', table: 'local' },
      { priority: 100, source: '10.9.0.0/16', destination: '10.8.0.1/32', action: 'lookup', table: '100' },
      {
        priority: 101,
        inverted: true,
        source: '10.9.0.0/16',
        tos: 16,
        mark: { value: 0x10, mask: 0xff },
        inInterface: 'va',
        outInterface: 'vc',
        uids: { from: 100, to: 200 },
        protocol: 'tcp',
        sourcePorts: { from: 10, to: 10 },
        destinationPorts: { from: 20, to: 30 },
        action: 'lookup',
        table: '100',
      },
      { priority: 102, inInterface: 'nodev', action: 'lookup', table: '100' },
      { priority: 103, mark: { value: 7, mask: 0xffffffff }, action: 'goto', gotoPriority: 200 },
      { priority: 104, mark: { value: 7, mask: 0xffffffff }, action: 'goto', gotoPriority: 150 },
      { priority: 200, action: 'nop' },
      { priority: 201, action: 'lookup', table: 'main', suppressPrefixLength: 0 },
      { priority: 202, action: 'lookup', table: 'main', suppressInterfaceGroup: '5' },
      { priority: 203, source: '1.2.3.4/32', action: 'blackhole' },
      { priority: 206, action: 'lookup', notUnderstood: ['l3mdev'] },
      { priority: 207, protocol: 'icmp', action: 'lookup', table: '100' },
      { priority: 208, action: 'lookup', table: '100', notUnderstood: ['tun_id'] },
      { priority: 209, mark: { value: 0, mask: 0x100 }, action: 'lookup', table: '100' },
      { priority: 32766, action: 'lookup', table: 'main' },
    ]);
  });

  it.each([
    ['a member from a newer iproute2', '{"priority":5,"src":"all","dscp":"CS1","table":"100"}', ['dscp']],
    ['a port with a mask', '{"priority":5,"src":"all","sport":"0x1/0xf","table":"100"}', ['sport']],
    ['an address of the other family', '{"priority":5,"src":"fd00::1","table":"100"}', ['src']],
    ['half a range', '{"priority":5,"src":"all","dport_start":5,"table":"100"}', ['dport']],
    ['a traffic class of its own', '{"priority":5,"src":"all","tos":"voice","table":"100"}', ['tos']],
  ])('marks %s as not understood', (_, rule, notUnderstood) => {
    expect(parseRoutingRules(textArtefact(`[${rule}]`), 4).value[0]?.notUnderstood).toEqual(notUnderstood);
  });

  it('knows no action where none is printed', () => {
    expect(parseRoutingRules(textArtefact('[{"priority":5,"src":"all"}]'), 4).value[0]?.action).toBe('unknown');
    expect(parseRoutingRules(textArtefact('[{"priority":5,"src":"all","action":"nat"}]'), 4).value[0]?.action).toBe(
      'unknown',
    );
  });

  it('never throws on mutated dumps', () => {
    fc.assert(
      fc.property(mutatedArtefact(DUMP), (artefact) => {
        for (const rule of parseRoutingRules(artefact, 4).value) expect(rule.priority).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 400 },
    );
  });
});
