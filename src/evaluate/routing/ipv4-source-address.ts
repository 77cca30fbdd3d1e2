/**
 * Which of its addresses a machine takes as IPv4 source: inet_select_addr (net/ipv4/devinet.c), used for routes without a
 * preferred source (fib_result_prefsrc) and by MASQUERADE (net/netfilter/nf_nat_masquerade.c).
 */
import { contains, lengthMask, parseAddress, type Address } from '../../model/address.ts';
import type { InterfaceAddress, Link } from '../../model/network-namespace.ts';
import type { RoutingTables } from './routing-tables.ts';
import { combinedSetting } from './settings.ts';

/** enum rt_scope_t (include/uapi/linux/rtnetlink.h) */
const SCOPES: Readonly<Record<string, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };
const LINK_SCOPE = 253;
const HOST_SCOPE = 254;
const NOWHERE_SCOPE = 255;

/** The number of a scope; undefined for a name that the node's own rt_scopes file may define. */
export function scopeNumber(text: string): number | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  return Object.hasOwn(SCOPES, text) ? SCOPES[text] : undefined;
}

/**
 * The address that inet_select_addr gives.
 * @param towards an address (next hop) whose subnet is preferred; null: the first address of the scope
 * @param scope widest scope that is wanted, as a number: 0 is global
 * @returns undefined when it is not known; null when the kernel finds none
 */
export function selectAddress(
  tables: RoutingTables,
  device: string,
  towards: string | null,
  scope: number,
): string | null | undefined {
  const addresses = tables.addresses.value;
  if (addresses === undefined || tables.addresses.gaps.length > 0 || tables.hasVrf !== false) return undefined;
  const own = addresses.filter((one) => one.family === 4 && one.device === device && !one.secondary);
  if (own.some((one) => scopeNumber(one.scope) === undefined)) return undefined;
  // With route_localnet, addresses of host scope count as of link scope; what a route has once chosen it keeps, though.
  const localnet = combinedSetting(tables, device, 'route_localnet', 'or');
  const loose =
    scope === LINK_SCOPE && localnet?.value !== 0 && own.some((one) => scopeNumber(one.scope) === HOST_SCOPE);
  if (loose) return undefined;
  const candidates = own.filter((one) => (scopeNumber(one.scope) ?? NOWHERE_SCOPE) <= scope);
  const target = towards === null ? undefined : parseAddress(towards);
  const near = target === undefined ? undefined : candidates.find((one) => onSubnet(one, target));
  const chosen = near ?? candidates[0];
  return chosen === undefined ? fromOtherDevice(tables, addresses, scope) : chosen.address;
}

/** inet_ifa_match: whether an address lies in the subnet of another one, or of its peer. */
export function onSubnet(one: InterfaceAddress, target: Address): boolean {
  const base = parseAddress(one.peer ?? one.address);
  if (base === undefined) return false;
  const mask = lengthMask(4, one.prefixLength);
  return contains({ family: 4, bits: base.bits & mask, mask }, target);
}

/**
 * A device without addresses borrows one: from the first device that has one of the scope (in_dev_select_addr), in the order in
 * which devices were registered. Indexes tell that order, unless a device with an end in another namespace may have been moved in.
 */
function fromOtherDevice(
  tables: RoutingTables,
  addresses: readonly InterfaceAddress[],
  scope: number,
): string | null | undefined {
  const links = tables.links.value;
  const own = addresses.filter((one) => one.family === 4 && !one.secondary);
  const fitting = own.filter((one) => {
    const number = scopeNumber(one.scope);
    return number === undefined || (number !== LINK_SCOPE && number <= scope);
  });
  if (fitting.some((one) => scopeNumber(one.scope) === undefined)) return undefined;
  const devices = [...new Set(fitting.map((one) => one.device))];
  if (devices.length <= 1) return fitting[0]?.address ?? null;
  const known = devices.map((name) => links?.find((link) => link.name === name)).filter((link) => link !== undefined);
  if (known.length < devices.length || known.some((link) => link.peerNamespace !== null)) return undefined;
  const first = known.reduce((a: Link, b: Link) => (b.index < a.index ? b : a));
  return fitting.find((one) => one.device === first.name)?.address ?? null;
}
