import { contains, parseAddress, parsePrefix } from '../../model/address.ts';
import type { RoutingTables } from './routing-tables.ts';
import { selectAddress } from './ipv4-source-address.ts';
import { selectAddress6 } from './ipv6-source-address.ts';

const GLOBAL_SCOPE = 0;
const LINK_LOCAL = parsePrefix('fe80::/10');

/**
 * The source that MASQUERADE takes for packets that leave by a device.
 *
 * IPv4: nf_nat_masquerade_ipv4 asks inet_select_addr for a global address towards the next hop.
 * IPv6: nf_nat_masquerade_ipv6 asks ipv6_dev_get_saddr for the packet's destination (net/netfilter/nf_nat_masquerade.c).
 *
 * @param nexthop the route's gateway, or the destination where there is none
 * @param destination the packet's destination
 * @returns undefined when it is not known, or there is none
 */
export function masqueradeAddress(
  tables: RoutingTables,
  device: string,
  nexthop: string,
  destination: string,
): string | undefined {
  if (tables.family === 4) return selectAddress(tables, device, nexthop, GLOBAL_SCOPE) ?? undefined;
  const address = parseAddress(destination);
  return address?.family === 6 ? (selectAddress6(tables, device, address) ?? undefined) : undefined;
}

/**
 * The address that REDIRECT turns the destination of a received packet into: the first one of the incoming device
 * (nf_nat_redirect_ipv4 and, for IPv6, the first of the destination's scope, nf_nat_redirect_ipv6: net/netfilter/nf_nat_redirect.c).
 * For packets made here it is the loopback address.
 *
 * @returns undefined when it is not known, or there is none
 */
export function redirectAddress(tables: RoutingTables, inInterface: string, destination: string): string | undefined {
  const target = parseAddress(destination);
  if (tables.addresses.value === undefined || tables.addresses.gaps.length > 0 || target?.family !== tables.family)
    return undefined;
  const own = tables.addresses.value.filter((one) => one.device === inInterface && one.family === tables.family);
  if (tables.family === 4) return own[0]?.address;
  const isLinkLocal = (text: string): boolean => {
    const address = parseAddress(text);
    return LINK_LOCAL !== undefined && address !== undefined && contains(LINK_LOCAL, address);
  };
  const usable = own.filter((one) => !one.flags.includes('tentative') || one.flags.includes('optimistic'));
  return usable.find((one) => isLinkLocal(one.address) === isLinkLocal(target.text))?.address;
}
