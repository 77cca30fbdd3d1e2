import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseAddresses } from '../../../src/parse/iproute2/addresses.ts';
import { mutatedArtefact, textArtefact, withoutEvidence } from '../artefacts.ts';

/** `ip -j addr` of iproute2 6.1, members that play no part left out. */
const DUMP = JSON.stringify([
  {},
  {
    ifindex: 1,
    ifname: 'lo',
    addr_info: [
      { family: 'inet', local: '127.0.0.1', prefixlen: 8, scope: 'host', label: 'lo' },
      { family: 'inet6', local: '::1', prefixlen: 128, scope: 'host' },
    ],
  },
  {
    ifindex: 5,
    ifname: 'vc',
    addr_info: [
      { family: 'inet', local: '10.2.0.1', address: '10.2.0.2', prefixlen: 32, scope: 'global', label: 'vc' },
      { family: 'inet', local: '10.1.0.5', prefixlen: 24, scope: 'global', secondary: true, label: 'vc' },
      { family: 'inet6', local: 'fd06::1', address: 'fd06::2', prefixlen: 128, scope: 'global', tentative: true },
      { family: 'inet6', local: 'fd05::1', prefixlen: 64, scope: 'global', nodad: true, deprecated: true },
    ],
  },
  { ifindex: 6, ifname: 'br0', addr_info: [] },
]);

describe('parseAddresses', () => {
  it('reads addresses in the order of the dump, with peer and flags', () => {
    const { value, gaps } = parseAddresses(textArtefact(DUMP));
    expect(gaps).toEqual([]);
    expect(withoutEvidence(value)).toEqual([
      {
        device: 'lo',
        family: 4,
        address: '127.0.0.1',
        prefixLength: 8,
        scope: 'host',
        secondary: false,
        deprecated: false,
        flags: [],
      },
      {
        device: 'lo',
        family: 6,
        address: '::1',
        prefixLength: 128,
        scope: 'host',
        secondary: false,
        deprecated: false,
        flags: [],
      },
      {
        device: 'vc',
        family: 4,
        address: '10.2.0.1',
        peer: '10.2.0.2',
        prefixLength: 32,
        scope: 'global',
        secondary: false,
        deprecated: false,
        flags: [],
      },
      {
        device: 'vc',
        family: 4,
        address: '10.1.0.5',
        prefixLength: 24,
        scope: 'global',
        secondary: true,
        deprecated: false,
        flags: [],
      },
      {
        device: 'vc',
        family: 6,
        address: 'fd06::1',
        peer: 'fd06::2',
        prefixLength: 128,
        scope: 'global',
        secondary: false,
        deprecated: false,
        flags: ['tentative'],
      },
      {
        device: 'vc',
        family: 6,
        address: 'fd05::1',
        prefixLength: 64,
        scope: 'global',
        secondary: false,
        deprecated: true,
        flags: ['nodad'],
      },
    ]);
    expect(value[3]?.evidence).toEqual({
      artefact: 'dump.txt',
      pointer: '/2/addr_info/1',
      raw: '{"family":"inet","local":"10.1.0.5","prefixlen":24,"scope":"global","secondary":true,"label":"vc"}',
    });
  });

  it.each([
    ['family', { family: 'mctp', local: '8', prefixlen: 0 }, 'family is neither inet nor inet6'],
    ['local', { family: 'inet', local: 'fd00::1', prefixlen: 24 }, 'local is no IPv4 address'],
    ['prefixlen', { family: 'inet', local: '10.0.0.1', prefixlen: 33 }, 'prefixlen is no prefix length'],
    ['address', { family: 'inet', local: '10.0.0.1', prefixlen: 24, address: 'x' }, 'address (the peer) is no address'],
  ])('leaves out an address with a bad %s, with its place, and reads the rest', (_, bad, problem) => {
    const good = { family: 'inet', local: '10.0.0.9', prefixlen: 24, scope: 'global' };
    const { value, gaps } = parseAddresses(textArtefact(JSON.stringify([{ ifname: 'eth0', addr_info: [bad, good] }])));
    expect(value.map(({ address }) => address)).toEqual(['10.0.0.9']);
    expect(gaps).toMatchObject([{ kind: 'unreadable', pointer: '/0/addr_info/0', problem }]);
  });

  it('reads what is whole of a file that was cut off', () => {
    const { value, gaps } = parseAddresses(textArtefact(DUMP.slice(0, DUMP.indexOf('"ifindex":5') + 20)));
    expect(value.map(({ address }) => address)).toEqual(['127.0.0.1', '::1']);
    expect(gaps).toMatchObject([{ kind: 'unreadable', remedy: 'capture it again with `ip -j address`' }]);
  });

  it.each([
    ['', 'the file is empty'],
    ['1: lo: <LOOPBACK,UP>', 'this is text, not a JSON document'],
    ['{"kind":"List"}', 'the document is no array of entries'],
  ])('tells that %j is something else', (text, problem) => {
    const { value, gaps } = parseAddresses(textArtefact(text));
    expect(value).toEqual([]);
    expect(gaps).toMatchObject([{ kind: 'unreadable', problem }]);
  });

  it('never throws on mutated dumps', () => {
    fc.assert(
      fc.property(mutatedArtefact(DUMP), (artefact) => {
        for (const one of parseAddresses(artefact).value) expect(one.prefixLength).toBeLessThanOrEqual(128);
      }),
      { numRuns: 300 },
    );
  });
});
