/**
 * Addresses that may not cross a wire, whatever the routing tables say: ip_route_input_slow and __mkroute_output
 * (net/ipv4/route.c), ip6_rcv_core (net/ipv6/ip6_input.c), ip6_forward (net/ipv6/ip6_output.c).
 */
import { contains, isLoopback, parsePrefix, type Address, type Prefix } from '../../model/address.ts';
import { allow, doubt, refuse, type Permission } from './permission.ts';
import type { RoutingTables } from './routing-tables.ts';
import { combinedSetting } from './settings.ts';

const LIMITED_BROADCAST = 0xffffffffn;

/**
 * Whether 127.0.0.0/8 or ::1 may stand in a packet that crosses a device: on the loopback device always; elsewhere IPv4 allows it
 * where route_localnet is on for `all` or for the device, IPv6 never.
 */
export function routeLocalnet(tables: RoutingTables, device: string, address: Address): Permission {
  if (!isLoopback(address) || device === tables.loopback) return allow();
  if (address.family === 6) return refuse(`${address.text} may not cross ${device}`, []);
  const localnet = combinedSetting(tables, device, 'route_localnet', 'or');
  if (localnet === undefined)
    return doubt(`whether ${address.text} may cross ${device} is not known: route_localnet was not captured`);
  if (localnet.value > 0) return allow(localnet.evidence);
  return refuse(`${address.text} may not cross ${device}: route_localnet is off`, localnet.evidence);
}

/** Whether a packet with this source and destination may come in by a device at all. */
export function mayArrive(tables: RoutingTables, device: string, source: Address, destination: Address): Permission {
  if (isMulticast(source) || isLimitedBroadcast(source)) return refuse(`${source.text} may not be a source`, []);
  if (isZeronet(source)) return refuse(`${source.text} may not be a source`, []);
  if (isZeronet(destination)) return refuse(`${destination.text} may not be a destination`, []);
  // One loopback address is checked, the destination first; route_localnet answers for both.
  return routeLocalnet(tables, device, isLoopback(destination) ? destination : source);
}

export function isMulticast(address: Address): boolean {
  return contains(address.family === 4 ? MULTICAST : MULTICAST6, address);
}

/** 224.0.0.0/24, which no router forwards. */
export function isLocalMulticast(address: Address): boolean {
  return contains(LOCAL_MULTICAST, address);
}

export function isLimitedBroadcast(address: Address): boolean {
  return address.family === 4 && address.bits === LIMITED_BROADCAST;
}

/** ipv4_is_zeronet: 0.0.0.0; before Linux 5.3 all of 0.0.0.0/8. */
export function isZeronet(address: Address): boolean {
  return address.family === 4 && address.bits === 0n;
}

export function isLinkLocal6(address: Address): boolean {
  return contains(LINK_LOCAL6, address);
}

const MULTICAST = prefixOf('224.0.0.0/4');
const LOCAL_MULTICAST = prefixOf('224.0.0.0/24');
const MULTICAST6 = prefixOf('ff00::/8');
const LINK_LOCAL6 = prefixOf('fe80::/10');

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`${text} is no prefix`);
  return prefix;
}
