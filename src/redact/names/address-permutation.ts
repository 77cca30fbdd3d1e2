import { addressFromBits, parseAddress, type Address, type Family } from '../../model/address.ts';
import type { KeyedHash } from '../hiding.ts';

/** A range whose addresses stay in it. */
interface Special {
  readonly family: Family;
  readonly bits: bigint;
  readonly length: number;
  /** Whether each of its addresses stays what it is. */
  readonly fixed: boolean;
}

const WIDTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/**
 * Ranges that mean something to kernels and proxies (IANA's special-purpose registries). Those that name no machine of anybody stay as
 * they are: loopback, link-local IPv4, multicast and what Istio takes for its own addresses (240.240.0.0/16).
 */
const SPECIAL: readonly Special[] = [
  ['0.0.0.0', 8, true],
  ['127.0.0.0', 8, true],
  ['169.254.0.0', 16, true],
  ['224.0.0.0', 3, true],
  ['10.0.0.0', 8, false],
  ['100.64.0.0', 10, false],
  ['172.16.0.0', 12, false],
  ['192.168.0.0', 16, false],
  ['::', 64, true],
  ['64:ff9b::', 64, true],
  ['ff00::', 8, true],
  ['fe80::', 64, false],
  ['fc00::', 8, false],
  ['fd00::', 8, false],
  ['2000::', 3, false],
].flatMap(([text, length, fixed]) => {
  const address = parseAddress(String(text));
  if (address === undefined) return [];
  return [{ family: address.family, bits: address.bits, length: Number(length), fixed: fixed === true }];
});

const STEP = 4;

/**
 * A permutation of addresses that keeps prefixes: two addresses that share their first n bits share the first n bits of what they
 * become, and no more (Xu, Fan, Ammar, Moon: Prefix-Preserving IP Address Anonymization, 2002). So ranges, routes and the longest
 * match still hold. Whether the bit at a depth is turned depends on the bits before it alone; on the way to a special range none is.
 */
export class AddressPermutation {
  private readonly hash: KeyedHash;
  private readonly turns = new Map<string, number>();
  private readonly known = new Map<string, bigint>();

  constructor(hash: KeyedHash) {
    this.hash = hash;
  }

  address(address: Address): Address {
    const embedded = embeddedV4(address);
    if (embedded !== undefined) {
      const inner = this.address(embedded);
      return addressFromBits(6, ((address.bits >> 32n) << 32n) | inner.bits);
    }
    return addressFromBits(address.family, this.bits(address));
  }

  /** The range that all addresses of a range become; bits behind its length stay 0. */
  prefix(address: Address, length: number): Address {
    const hostBits = BigInt(WIDTH[address.family] - length);
    return addressFromBits(address.family, (this.address(address).bits >> hostBits) << hostBits);
  }

  private bits(address: Address): bigint {
    const { family, bits } = address;
    const before = this.known.get(address.text);
    if (before !== undefined) return before;
    const width = WIDTH[family];
    let turned = 0n;
    for (let depth = 0; depth < width; depth += STEP) {
      const rest = BigInt(width - depth);
      const path = bits >> rest;
      const nodes = this.nodeTurns(family, depth, path);
      let node = 1;
      for (let at = 0; at < STEP; at += 1) {
        const shift = BigInt(width - depth - at - 1);
        const turn = (nodes >> (node - 1)) & 1;
        if (turn === 1) turned |= 1n << shift;
        node = node * 2 + Number((bits >> shift) & 1n);
      }
    }
    const result = bits ^ turned;
    this.known.set(address.text, result);
    return result;
  }

  /** Which of the 15 nodes in the next four levels below a path turn their bit, one bit each, in the order of a heap. */
  private nodeTurns(family: Family, depth: number, path: bigint): number {
    const key = `${family}/${depth}/${path.toString(16)}`;
    let turns = this.turns.get(key);
    if (turns === undefined) {
      turns = Number.parseInt(this.hash(`address ${key}`).slice(0, 4), 16);
      for (let node = 1; node < 1 << STEP; node += 1) {
        const levels = Math.floor(Math.log2(node));
        const below = (path << BigInt(levels)) | BigInt(node - (1 << levels));
        if (stays(family, depth + levels, below)) turns &= ~(1 << (node - 1));
      }
      this.turns.set(key, turns);
    }
    return turns;
  }
}

/** Whether the bit behind a path must not be turned: it leads to a special range, or lies in one that stays as it is. */
function stays(family: Family, depth: number, path: bigint): boolean {
  return SPECIAL.some((range) => {
    if (range.family !== family) return false;
    const bits = range.bits >> BigInt(WIDTH[family] - range.length);
    return depth < range.length
      ? bits >> BigInt(range.length - depth) === path
      : range.fixed && path >> BigInt(depth - range.length) === bits;
  });
}

/** The IPv4 address in ::ffff:0:0/96 and 64:ff9b::/96 (RFC 4291, RFC 6052). */
function embeddedV4({ family, bits }: Address): Address | undefined {
  if (family !== 6) return undefined;
  const head = bits >> 32n;
  return head === 0xffffn || head === 0x64ff9bn << 64n ? addressFromBits(4, bits & 0xffffffffn) : undefined;
}
