import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseLinks } from '../../../src/parse/iproute2/links.ts';
import { parseNeighbours } from '../../../src/parse/iproute2/neighbours.ts';
import { mutatedArtefact, textArtefact, withoutEvidence } from '../artefacts.ts';

/** `ip -j -d link` of iproute2 6.1, members that play no part left out. */
const LINKS = [
  {
    ifindex: 1,
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
    mtu: 65536,
    address: '00:00:00:00:00:00',
    promiscuity: 0,
  },
  {
    ifindex: 2,
    link: 'va',
    ifname: 'vb',
    flags: ['BROADCAST'],
    mtu: 1500,
    promiscuity: 0,
    linkinfo: { info_kind: 'veth' },
  },
  { ifindex: 3, link: 'vb', ifname: 'va', flags: ['UP'], mtu: 1500, promiscuity: 0, linkinfo: { info_kind: 'veth' } },
  {
    ifindex: 4,
    link_index: 9,
    link_netnsid: 0,
    ifname: 'v-pp',
    flags: ['UP'],
    mtu: 1500,
    master: 'br0',
    promiscuity: 1,
    linkinfo: { info_kind: 'veth', info_slave_kind: 'bridge', info_slave_data: { hairpin: true } },
  },
  {
    ifindex: 5,
    ifname: 'br0',
    flags: ['UP'],
    mtu: 1500,
    promiscuity: 0,
    linkinfo: { info_kind: 'bridge', info_data: { nf_call_iptables: 1, nf_call_ip6tables: 0 } },
  },
];

describe('parseLinks', () => {
  it('reads kind, both ends of a veth pair here and elsewhere, bridge and port settings', () => {
    const { value, gaps } = parseLinks(textArtefact(JSON.stringify(LINKS)));
    expect(gaps).toEqual([]);
    expect(withoutEvidence(value)).toMatchObject([
      { name: 'lo', index: 1, up: true, loopback: true, mtu: 65536, kind: null, detailed: true, peerIndex: null },
      { name: 'vb', up: false, kind: 'veth', peerIndex: 3, peerNamespace: null },
      { name: 'va', up: true, kind: 'veth', peerIndex: 2, peerNamespace: null },
      { name: 'v-pp', kind: 'veth', peerIndex: 9, peerNamespace: 0, master: 'br0', hairpin: true },
      { name: 'br0', kind: 'bridge', bridgeCallsIptables: true, bridgeCallsIp6tables: false, hairpin: false },
    ]);
  });

  it('says when the dump has no details, so that nobody takes a veth for a physical device', () => {
    const plain = LINKS.map(({ ifindex, ifname, flags }) => ({ ifindex, ifname, flags }));
    const { value, gaps } = parseLinks(textArtefact(JSON.stringify(plain)));
    expect(value.some(({ detailed }) => detailed)).toBe(false);
    expect(gaps).toMatchObject([{ kind: 'missing', remedy: 'capture it again with `ip -j -d link`' }]);
  });
});

describe('parseNeighbours', () => {
  it('reads addresses with state, also those without hardware address', () => {
    const dump = [
      { dst: '10.0.0.9', dev: 'br0', lladdr: '1a:dc:2a:ef:a4:76', state: ['REACHABLE'] },
      { dst: 'fe80::0:1', dev: 'br0', state: ['FAILED'] },
      { dst: 'nobody', dev: 'br0' },
    ];
    const { value, gaps } = parseNeighbours(textArtefact(JSON.stringify(dump)));
    expect(withoutEvidence(value)).toEqual([
      { address: '10.0.0.9', device: 'br0', mac: '1a:dc:2a:ef:a4:76', states: ['REACHABLE'] },
      { address: 'fe80::1', device: 'br0', mac: null, states: ['FAILED'] },
    ]);
    expect(gaps).toMatchObject([{ pointer: '/2', problem: 'a neighbour without dst or dev' }]);
  });
});

it.each([
  ['parseLinks', parseLinks],
  ['parseNeighbours', parseNeighbours],
])('%s never throws on mutated dumps', (_, parse) => {
  fc.assert(
    fc.property(mutatedArtefact(JSON.stringify(LINKS)), (artefact) => {
      expect(Array.isArray(parse(artefact).value)).toBe(true);
    }),
    { numRuns: 200 },
  );
});
