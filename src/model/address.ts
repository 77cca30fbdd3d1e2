import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** An IP address in canonical text (RFC 5952 for IPv6), with its value as an integer of 32 or 128 bits. */
export interface Address {
  readonly family: Family;
  readonly text: string;
  readonly bits: bigint;
}

/** A set of addresses `value & mask == bits`; iptables allows masks that are no prefix. */
export interface Prefix {
  readonly family: Family;
  readonly bits: bigint;
  readonly mask: bigint;
}

const OCTET = /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const WIDTH: Record<Family, number> = { 4: 32, 6: 128 };
const HOST_MASKS: Readonly<Record<Family, bigint>> = { 4: (1n << 32n) - 1n, 6: (1n << 128n) - 1n };

/**
 * Reads an address as the kernel prints it. Zone indexes (`fe80::1%eth0`) are cut off; IPv4-mapped IPv6 stays IPv6.
 * @returns undefined when the text is no address
 */
export function parseAddress(text: string): Address | undefined {
  let parsed = PARSED.get(text);
  if (parsed === undefined) {
    if (PARSED.size >= PARSED_LIMIT) PARSED.clear();
    parsed = { address: readAddress(text) };
    PARSED.set(text, parsed);
  }
  return parsed.address;
}

/** Addresses that were read last: the same ones are asked about again and again, and reading one is slow. */
const PARSED = new Map<string, { readonly address: Address | undefined }>();
const PARSED_LIMIT = 20_000;

function readAddress(text: string): Address | undefined {
  const bare = text.includes('%') ? text.slice(0, text.indexOf('%')) : text;
  if (bare.includes(':')) {
    return ipaddr.IPv6.isValid(bare) ? fromBytes(6, ipaddr.IPv6.parse(bare).toByteArray()) : undefined;
  }
  return parseIPv4(bare);
}

/** Four decimal numbers without leading zeros (RFC 6943, section 3.1.1); a large dump holds more of them than anything else. */
function parseIPv4(text: string): Address | undefined {
  const parts = text.split('.', 5);
  if (parts.length !== 4) return undefined;
  let bits = 0;
  for (const part of parts) {
    if (!OCTET.test(part)) return undefined;
    bits = bits * 256 + Number(part);
  }
  return { family: 4, text, bits: BigInt(bits) };
}

/** The canonical text of an address, or the text itself when it is none. */
export function canonical(text: string): string {
  return canonicalAddress(text) ?? text;
}

/** The canonical text of an address; undefined: the text is none. */
export function canonicalAddress(text: string): string | undefined {
  return IPV4.test(text) ? text : parseAddress(text)?.text;
}

/** The family of an address, of which only that is asked. @param address in canonical text */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** Whether the text is an address of IPv4. */
export function isIPv4(text: string): boolean {
  return IPV4.test(text);
}

/** Whether the text is an address; for an IPv4 address much less work than reading it. */
export function isAddress(text: string): boolean {
  return IPV4.test(text) || parseAddress(text) !== undefined;
}

/**
 * Reads `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `fd00::/64`, or a bare address (a host mask).
 * @returns undefined when the text is neither
 */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const mask = slash < 0 ? hostMask(address.family) : parseMask(address.family, text.slice(slash + 1));
  if (mask === undefined) return undefined;
  return { family: address.family, bits: address.bits & mask, mask };
}

export function hostMask(family: Family): bigint {
  return HOST_MASKS[family];
}

/** The mask of a prefix length. */
export function lengthMask(family: Family, length: number): bigint {
  // Nearly all prefixes of rules are of one address.
  if (length === WIDTH[family]) return HOST_MASKS[family];
  return HOST_MASKS[family] ^ ((1n << BigInt(WIDTH[family] - length)) - 1n);
}

/** The length of a mask that is a prefix; undefined otherwise. */
export function maskLength(prefix: Prefix): number | undefined {
  const length = prefix.mask.toString(2).replace(/0+$/, '').length * (prefix.mask === 0n ? 0 : 1);
  return lengthMask(prefix.family, length) === prefix.mask ? length : undefined;
}

export function contains(prefix: Prefix, address: Address): boolean {
  return prefix.family === address.family && (address.bits & prefix.mask) === prefix.bits;
}

/** Whether some address lies in both. */
export function overlaps(one: Prefix, other: Prefix): boolean {
  return one.family === other.family && ((one.bits ^ other.bits) & one.mask & other.mask) === 0n;
}

export function addressFromBits(family: Family, bits: bigint): Address {
  const bytes: number[] = [];
  for (let shift = WIDTH[family] - 8; shift >= 0; shift -= 8) bytes.push(Number((bits >> BigInt(shift)) & 0xffn));
  return fromBytes(family, bytes);
}

/** Whether the address lies in 127.0.0.0/8 or is ::1. */
export function isLoopback(address: Address): boolean {
  return address.family === 4 ? address.bits >> 24n === 127n : address.bits === 1n;
}

/** As `isLoopback`, of an address in canonical text. */
export function isLoopbackText(ip: string): boolean {
  return ip === '::1' || ip.startsWith('127.');
}

/** `10.0.0.1:80`, `[fd00::1]:80`; the address alone without a port. */
export function formatEndpoint(ip: string, port: number | null | undefined): string {
  if (port === null || port === undefined) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Reads `10.0.0.1:80` or `[fd00::1]:80`; undefined when the text is none. */
export function parseEndpoint(text: string): { readonly address: Address; readonly port: number } | undefined {
  const parts = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text.trim());
  const address = parseAddress(parts?.[1] ?? parts?.[2] ?? '');
  const port = Number(parts?.[3]);
  return address === undefined || port > 65_535 ? undefined : { address, port };
}

function parseMask(family: Family, text: string): bigint | undefined {
  if (/^\d{1,3}$/.test(text)) return Number(text) <= WIDTH[family] ? lengthMask(family, Number(text)) : undefined;
  const mask = parseAddress(text);
  return mask?.family === family ? mask.bits : undefined;
}

function fromBytes(family: Family, bytes: readonly number[]): Address {
  const bits = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const text = family === 4 ? bytes.join('.') : new ipaddr.IPv6([...bytes]).toRFC5952String();
  return { family, text, bits };
}
