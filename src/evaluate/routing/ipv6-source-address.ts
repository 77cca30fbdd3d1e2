/**
 * Which of its addresses a machine takes as IPv6 source: ipv6_dev_get_saddr (net/ipv6/addrconf.c), the rules of RFC 6724 in the
 * kernel's order. Taken as usual: default address labels, no preference set by the application.
 */
import { contains, parseAddress, parsePrefix, type Address, type Prefix } from '../../model/address.ts';
import type { InterfaceAddress } from '../../model/network-namespace.ts';
import { addressLabel } from './address-label.ts';
import type { RoutingTables } from './routing-tables.ts';
import { deviceSetting } from './settings.ts';

/** Scopes as RFC 4291 numbers them for multicast: 2 link, 5 site, 14 global; loopback counts as link (__ipv6_addr_src_scope). */
const LINK = 2;
const SITE = 5;
const GLOBAL = 14;
const MULTICAST = prefixOf('ff00::/8');
const LINK_LOCAL = prefixOf('fe80::/10');
const SITE_LOCAL = prefixOf('fec0::/10');
/** ipv6_addr_orchid */
const ORCHID = prefixOf('2001:10::/28');
/** IPV6_ADDR_COMPATv4 and IPV6_ADDR_MAPPED */
const COMPATIBLE = prefixOf('::/96');
const MAPPED = prefixOf('::ffff:0:0/96');
const WIDTH = 128;
/** use_tempaddr from which temporary addresses are preferred (IN_DEV `cnf.use_tempaddr >= 2`). */
const PREFER_TEMPORARY = 2;

/** An address with its rank under each rule, to be compared from first to last. */
interface Ranked {
  readonly address: InterfaceAddress;
  readonly ranks: readonly number[];
}

/**
 * The address that ipv6_dev_get_saddr gives.
 * @returns undefined when it is not known (also where addresses of several devices are equally good); null when there is none
 */
export function selectAddress6(
  tables: RoutingTables,
  device: string | null,
  destination: Address,
): string | null | undefined {
  const addresses = tables.addresses.value;
  if (addresses === undefined || tables.addresses.gaps.length > 0 || tables.hasVrf !== false) return undefined;
  const scope = scopeOf(destination);
  const onlyHere =
    device !== null && (contains(MULTICAST, destination) || scope <= LINK || usesOwnOnly(tables, device));
  const candidates = addresses.filter(
    (one) => one.family === 6 && isCandidate(one) && (!onlyHere || one.device === device),
  );
  const ranked: Ranked[] = [];
  for (const address of candidates) {
    const ranks = rank(tables, address, device, destination, scope);
    if (ranks === undefined) return undefined;
    ranked.push({ address, ranks });
  }
  const best = ranked.reduce<Ranked | undefined>((a, b) => (a === undefined || compare(b, a) > 0 ? b : a), undefined);
  if (best === undefined) return null;
  const equals = ranked.filter((one) => compare(one, best) === 0);
  return equals.some((one) => one.address.device !== best.address.device) ? undefined : best.address.address;
}

/** Tentative addresses are none yet, unless they are optimistic (RFC 4429). */
function isCandidate(one: InterfaceAddress): boolean {
  const { flags } = one;
  if (flags.includes('dadfailed')) return false;
  return !flags.includes('tentative') || flags.includes('optimistic');
}

function usesOwnOnly(tables: RoutingTables, device: string): boolean {
  return deviceSetting(tables, 6, device, 'use_oif_addrs_only')?.value === '1';
}

/** ipv6_get_saddr_eval, rule by rule; undefined: a rule depends on something unknown. */
function rank(
  tables: RoutingTables,
  candidate: InterfaceAddress,
  device: string | null,
  destination: Address,
  scope: number,
): readonly number[] | undefined {
  const address = parseAddress(candidate.address);
  if (address === undefined) return undefined;
  const own = scopeOf(address);
  const temporary = temporaryRank(tables, candidate);
  if (temporary === undefined) return undefined;
  const label = addressLabel(address) === addressLabel(destination);
  const orchid = contains(ORCHID, address) === contains(ORCHID, destination);
  const matched = Math.min(commonPrefix(address, destination), candidate.prefixLength);
  return [
    Number(address.bits === destination.bits),
    own >= scope ? -own : own - WIDTH,
    Number(alwaysPreferred(address) || !candidate.deprecated),
    Number(device === null || candidate.device === device),
    Number(label),
    temporary,
    Number(orchid),
    matched,
    Number(!candidate.flags.includes('optimistic')),
  ];
}

/** Rule 7: public addresses first, unless the device prefers temporary ones. */
function temporaryRank(tables: RoutingTables, candidate: InterfaceAddress): number | undefined {
  if (!candidate.flags.includes('temporary')) {
    const others = tables.addresses.value?.some((one) => one.family === 6 && one.flags.includes('temporary'));
    if (others !== true) return 1;
  }
  const use = deviceSetting(tables, 6, candidate.device, 'use_tempaddr')?.value;
  if (use === undefined) return undefined;
  return Number(candidate.flags.includes('temporary') === Number(use) >= PREFER_TEMPORARY);
}

/** ipv6_saddr_preferred: deprecation does not count for these. */
function alwaysPreferred(address: Address): boolean {
  return address.bits === 1n || contains(COMPATIBLE, address) || contains(MAPPED, address);
}

function scopeOf(address: Address): number {
  if (contains(MULTICAST, address)) return Number((address.bits >> 112n) & 0xfn);
  if (address.bits === 1n || contains(LINK_LOCAL, address)) return LINK;
  return contains(SITE_LOCAL, address) ? SITE : GLOBAL;
}

function commonPrefix(a: Address, b: Address): number {
  return a.bits === b.bits ? WIDTH : WIDTH - (a.bits ^ b.bits).toString(2).length;
}

function compare(a: Ranked, b: Ranked): number {
  for (const [at, rankOfA] of a.ranks.entries()) {
    const difference = rankOfA - (b.ranks[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new Error(`${text} is no prefix`);
  return prefix;
}
