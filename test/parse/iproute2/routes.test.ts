import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseRoutes } from '../../../src/parse/iproute2/routes.ts';
import { mutatedArtefact, textArtefact } from '../artefacts.ts';

/** `ip -j route show table all` of iproute2 6.1 on Linux 6.18: without -4 it prints both families. */
const BOTH = `[{"type":"blackhole","dst":"default","table":"77","flags":[]},
{"dst":"10.1.0.0/24","dev":"va","protocol":"kernel","scope":"link","prefsrc":"10.1.0.1","flags":["linkdown"]},
{"dst":"10.20.0.0/16","flags":[],"nexthops":[{"gateway":"10.1.0.9","dev":"va","weight":3,"flags":["dead","linkdown"]},{"dev":"vd","weight":1,"flags":[]}]},
{"dst":"10.21.0.0/16","tos":"0x10","gateway":"10.1.0.9","dev":"va","protocol":"static","prefsrc":"10.1.0.5","metric":5,"flags":["linkdown"],"flow":{"to":"4"},"metrics":[{"mtu":1400}]},
{"type":"unreachable","dst":"10.22.0.0/16","flags":[]},
{"dst":"10.25.0.0/16","via":{"family":"inet6","host":"fd01::7"},"dev":"va","flags":["onlink"]},
{"dst":"10.27.0.0/16","dev":"vc","scope":"site","flags":[]},
{"dst":"10.30.0.0/16","nhid":3,"gateway":"10.3.0.9","dev":"vd","flags":[]},
{"type":"local","dst":"10.1.0.1","dev":"va","table":"local","protocol":"kernel","scope":"host","prefsrc":"10.1.0.1","flags":[]},
{"dst":"default","from":"fd01::/64","gateway":"fd01::9","dev":"va","prefsrc":"fd01::1","metric":1024,"flags":["linkdown"],"pref":"medium"},
{"dst":"fd21::/32","gateway":"fd01::9","dev":"va","metric":3,"flags":[],"pref":"high"},
{"type":"unreachable","dst":"fd22::/32","dev":"lo","metric":1024,"flags":[],"pref":"medium"},
{"type":"local","dst":"fd01::1","dev":"va","table":"local","protocol":"kernel","metric":0,"flags":[],"pref":"medium"}]`;

describe('parseRoutes', () => {
  it('reads IPv4 routes, filling in what iproute2 leaves out', () => {
    const { value, gaps } = parseRoutes(textArtefact(BOTH), 4);
    expect(gaps).toEqual([]);
    expect(
      value.map(({ type, destination, table, scope, metric, tos, preferredSource, nexthopId, notUnderstood }) =>
        [type, destination, table, scope, metric, tos, preferredSource, nexthopId, ...notUnderstood].join(' '),
      ),
    ).toEqual([
      'blackhole 0.0.0.0/0 77 global 0 0  ',
      'unicast 10.1.0.0/24 main link 0 0 10.1.0.1 ',
      'unicast 10.20.0.0/16 main global 0 0  ',
      'unicast 10.21.0.0/16 main global 5 16 10.1.0.5 ',
      'unreachable 10.22.0.0/16 main global 0 0  ',
      'unicast 10.25.0.0/16 main global 0 0  ',
      'unicast 10.27.0.0/16 main site 0 0  ',
      'unicast 10.30.0.0/16 main global 0 0  3',
      'local 10.1.0.1/32 local host 0 0 10.1.0.1 ',
    ]);
    expect(value[2]?.nexthops).toEqual([
      { gateway: '10.1.0.9', device: 'va', weight: 3, flags: ['dead', 'linkdown'] },
      { gateway: null, device: 'vd', weight: 1, flags: [] },
    ]);
    expect(value[5]?.nexthops).toEqual([{ gateway: 'fd01::7', device: 'va', weight: 1, flags: ['onlink'] }]);
    expect(value[4]?.evidence).toEqual({
      artefact: 'dump.txt',
      pointer: '/4',
      raw: '{"type":"unreachable","dst":"10.22.0.0/16","flags":[]}',
    });
  });

  it('reads IPv6 routes of the same file, defaults told apart by their preference', () => {
    const { value, gaps } = parseRoutes(textArtefact(BOTH), 6);
    expect(gaps).toEqual([]);
    expect(
      value.map(({ destination, source, preference, metric }) => [destination, source, preference, metric]),
    ).toEqual([
      ['::/0', 'fd01::/64', 'medium', 1024],
      ['fd21::/32', null, 'high', 3],
      ['fd22::/32', null, 'medium', 1024],
      ['fd01::1/128', null, 'medium', 0],
    ]);
  });

  it('says when a file holds only the other family, or the main table alone', () => {
    const ipv4 = '[{"dst":"10.0.0.0/8","dev":"eth0","flags":[]}]';
    expect(parseRoutes(textArtefact(ipv4), 6).gaps).toMatchObject([
      { kind: 'missing', problem: 'holds no IPv6 routes' },
    ]);
    expect(parseRoutes(textArtefact(ipv4), 4).gaps).toMatchObject([
      {
        kind: 'missing',
        problem: 'holds the main table alone',
        remedy: 'capture it with `ip -j -4 route show table all`',
      },
    ]);
  });

  it.each([
    ['an unknown member', '{"dst":"10.0.0.0/8","dev":"eth0","wormhole":1}', ['wormhole']],
    [
      'an unknown member of a next hop',
      '{"dst":"10.0.0.0/8","nexthops":[{"dev":"a","weight":1},{"dev":"b","encap":"mpls"}]}',
      ['encap'],
    ],
    ['an unknown type', '{"type":"nat","dst":"10.0.0.0/8","dev":"eth0"}', ['type']],
    ['a named traffic class of its own', '{"dst":"10.0.0.0/8","dev":"eth0","tos":"voice"}', ['tos']],
    ['no device', '{"dst":"10.0.0.0/8"}', ['dev']],
    ['a nexthop object that is not shown', '{"dst":"10.0.0.0/8","nhid":7}', ['nhid']],
    ['a bad gateway', '{"dst":"10.0.0.0/8","gateway":"x","dev":"eth0"}', ['gateway']],
  ])('keeps a route with %s, marked', (_, route, notUnderstood) => {
    const { value, gaps } = parseRoutes(
      textArtefact(`[${route},{"type":"local","dst":"10.0.0.1","dev":"lo","table":"local"}]`),
      4,
    );
    expect(gaps).toEqual([]);
    expect(value[0]?.notUnderstood).toEqual(notUnderstood);
  });

  it('leaves out a route with an encapsulation: iproute2 prints its dst under the name of the route', () => {
    const route =
      '{"dst":"10.26.0.0/16","encap":"ip","id":5,"src":"0.0.0.0","dst":"10.1.0.9","ttl":0,"tos":0,"dev":"va","scope":"link","flags":[]}';
    const { value, gaps } = parseRoutes(textArtefact(`[${route}]`), 4);
    expect(value).toEqual([]);
    expect(gaps).toContainEqual(expect.objectContaining({ kind: 'not-understood', pointer: '/0' }));
  });

  it('reads tables and scopes printed as numbers', () => {
    const dump =
      '[{"dst":"10.0.0.0/8","dev":"a","table":"254","scope":"253"},{"type":"local","dst":"10.0.0.1","dev":"a","table":255,"scope":254}]';
    const { value } = parseRoutes(textArtefact(dump), 4);
    expect(value.map(({ table, scope }) => [table, scope])).toEqual([
      ['main', 'link'],
      ['local', 'host'],
    ]);
  });

  it('never throws on mutated dumps, and marks or reports what it changed', () => {
    fc.assert(
      fc.property(mutatedArtefact(BOTH), fc.constantFrom(4 as const, 6 as const), (artefact, family) => {
        for (const route of parseRoutes(artefact, family).value) expect(route.family).toBe(family);
      }),
      { numRuns: 400 },
    );
  });
});
