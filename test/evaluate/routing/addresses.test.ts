import { describe, expect, it } from 'vitest';
import { addressType } from '../../../src/evaluate/routing/address-type.ts';
import { masqueradeAddress, redirectAddress } from '../../../src/evaluate/routing/interface-address.ts';
import { tablesOf, type Namespace } from './tables.ts';

const ROUTES = [
  { type: 'local', dst: '192.0.2.10', dev: 'eth0', table: 'local', scope: 'host' },
  { type: 'broadcast', dst: '192.0.2.255', dev: 'eth0', table: 'local', scope: 'link' },
  { type: 'unreachable', dst: '10.0.0.0/8' },
  { dst: '192.0.2.0/24', dev: 'eth0', scope: 'link' },
];
const BASE: Namespace = {
  routes: ROUTES,
  devices: ['eth0', 'eth1'],
  sysctl: ['net.ipv4.conf.all.route_localnet=0', 'net.ipv4.conf.eth0.route_localnet=0'],
};

describe('addressType', () => {
  it.each([
    ['192.0.2.10', undefined, 'LOCAL'],
    ['192.0.2.10', 'eth0', 'LOCAL'],
    ['192.0.2.10', 'eth1', 'UNICAST'],
    ['127.3.3.3', undefined, 'LOCAL'],
    ['192.0.2.255', undefined, 'BROADCAST'],
    ['255.255.255.255', undefined, 'BROADCAST'],
    ['0.0.0.0', undefined, 'BROADCAST'],
    ['224.0.0.1', undefined, 'MULTICAST'],
    ['192.0.2.7', undefined, 'UNICAST'],
    // only the local table is asked
    ['10.0.0.1', undefined, 'UNICAST'],
    ['fd00::1', undefined, undefined],
  ])('of %s on %s is %s', (address, device, type) => {
    expect(addressType(tablesOf(BASE), address, device)).toBe(type);
  });

  it('is not known without routes, nor from the main table alone', () => {
    expect(addressType(tablesOf({ ...BASE, routes: null }), '192.0.2.10')).toBeUndefined();
  });

  it('of IPv6 is that of its route', () => {
    const tables = tablesOf({
      family: 6,
      routes: [
        { type: 'local', dst: 'fd00::10', dev: 'eth0', table: 'local', metric: 0 },
        { type: 'anycast', dst: 'fd00::', dev: 'eth0', table: 'local', metric: 0 },
        { dst: 'fd00::/64', dev: 'eth0', metric: 256 },
      ],
      devices: ['eth0'],
    });
    expect(['fd00::10', 'fd00::', 'fd00::7', '2001:db8::1', 'ff02::1'].map((one) => addressType(tables, one))).toEqual([
      'LOCAL',
      'ANYCAST',
      'UNICAST',
      'UNREACHABLE',
      'MULTICAST',
    ]);
  });
});

describe('masqueradeAddress', () => {
  it.each([
    ['the one in the subnet of the next hop', ['eth0 10.0.0.1/24', 'eth0 192.0.2.10/24'], '192.0.2.1', '192.0.2.10'],
    ['else the first', ['eth0 10.0.0.1/24', 'eth0 192.0.2.10/24'], '203.0.113.1', '10.0.0.1'],
    ['never a secondary one', ['eth0 10.0.0.1/24', 'eth0 10.0.0.2/24 secondary'], '10.0.0.9', '10.0.0.1'],
    ['never one of narrower scope', ['eth0 10.0.0.1/24 link', 'eth1 192.0.2.10/24'], '10.0.0.9', '192.0.2.10'],
    ['none where there is none', ['lo 127.0.0.1/8 host'], '10.0.0.9', undefined],
  ])('takes %s', (_, addresses, nexthop, expected) => {
    expect(masqueradeAddress(tablesOf({ ...BASE, addresses }), 'eth0', nexthop, '8.8.8.8')).toBe(expected);
  });

  it('does not guess from which of several devices a device without addresses borrows, when one may have been moved in', () => {
    const addresses = ['eth1 192.0.2.10/24', 'veth 10.1.1.1/32'];
    const veth = { ifname: 'veth', link_index: 3, link_netnsid: 0, linkinfo: { info_kind: 'veth' } };
    expect(
      masqueradeAddress(
        tablesOf({ ...BASE, addresses, devices: ['eth0', 'eth1', veth] }),
        'eth0',
        '1.1.1.1',
        '1.1.1.1',
      ),
    ).toBeUndefined();
    expect(
      masqueradeAddress(
        tablesOf({ ...BASE, addresses, devices: ['eth0', 'eth1', 'veth'] }),
        'eth0',
        '1.1.1.1',
        '1.1.1.1',
      ),
    ).toBe('192.0.2.10');
  });

  /** RFC 6724, section 10.1, as far as addresses of one interface go. */
  it.each([
    ['appropriate scope', '2001:db8:1::1', ['2001:db8:3::1/64', 'fe80::1/64 link'], '2001:db8:3::1'],
    ['same address', '2001:db8:1::1', ['2001:db8:1::1/64 deprecated', '2001:db8:2::1/64'], '2001:db8:1::1'],
    ['link-local', 'fe80::9', ['2001:db8:3::1/64', 'fe80::1/64 link'], 'fe80::1'],
    ['longest prefix', '2001:db8:1::1', ['2001:db8:3::2/64', '2001:db8:1::2/64'], '2001:db8:1::2'],
    [
      'matching label',
      '2002:c633:6401::1',
      ['2001:db8:1::2/64', '2002:c633:6401::d5e3:7953:13eb:22e8/64'],
      '2002:c633:6401:0:d5e3:7953:13eb:22e8',
    ],
    ['not deprecated', '2001:db8:9::1', ['2001:db8:9::2/64 deprecated', '2001:db8:3::1/64'], '2001:db8:3::1'],
    ['not tentative', '2001:db8:9::1', ['2001:db8:9::2/64 tentative', '2001:db8:3::1/64'], '2001:db8:3::1'],
    ['a private address to a private one', 'fd00::9', ['2001:db8:3::1/64', 'fd77::1/64'], 'fd77::1'],
  ])('follows RFC 6724: %s', (_, destination, own, expected) => {
    const tables = tablesOf({ family: 6, routes: [], addresses: own.map((one) => `eth0 ${one}`), devices: ['eth0'] });
    expect(masqueradeAddress(tables, 'eth0', destination, destination)).toBe(expected);
  });

  it('does not know what a temporary address counts without its device’s setting', () => {
    const namespace = {
      family: 6 as const,
      routes: [],
      addresses: ['eth0 2001:db8::1/64', 'eth0 2001:db8::2/64 temporary'],
      devices: ['eth0'],
    };
    const ask = (sysctl: string[]) =>
      masqueradeAddress(tablesOf({ ...namespace, sysctl }), 'eth0', '2001:db8:9::1', '2001:db8:9::1');
    expect(ask([])).toBeUndefined();
    expect(ask(['net.ipv6.conf.eth0.use_tempaddr=0'])).toBe('2001:db8::1');
    expect(ask(['net.ipv6.conf.eth0.use_tempaddr=2'])).toBe('2001:db8::2');
  });
});

describe('redirectAddress', () => {
  it.each([
    [4, ['eth0 10.0.0.1/24', 'eth0 10.0.0.2/24 secondary'], '9.9.9.9', '10.0.0.1'],
    [4, ['eth1 10.0.0.1/24'], '9.9.9.9', undefined],
    [6, ['eth0 fe80::1/64 link', 'eth0 fd00::1/64'], '2001:db8::9', 'fd00::1'],
    [6, ['eth0 fd00::1/64', 'eth0 fe80::1/64 link'], 'fe80::9', 'fe80::1'],
    [6, ['eth0 fd00::1/64 tentative'], '2001:db8::9', undefined],
  ] as const)('in IPv%i, of %j, for %s is %s', (family, addresses, destination, expected) => {
    expect(redirectAddress(tablesOf({ family, routes: [], addresses, devices: ['eth0'] }), 'eth0', destination)).toBe(
      expected,
    );
  });
});
