import { addressFromBits, parseAddress, type Address } from '../../../model/address.ts';
import type { AddressRange } from '../../../model/iptables-rule.ts';
import { jhashFourWords, reciprocalScale } from './jhash.ts';

/** Which half of a packet's addresses a translation writes. */
export type Manipulation = 'source' | 'destination';

const WORD = 0xffffffffn;
const FULL_RANGE = 0xffffffff;

/**
 * The address of a range that the kernel picks: a hash of the source and destination without any secret, so that the same client
 * gets the same one each time. In conntrack zone 0, on a little-endian machine.
 * Source: net/netfilter/nf_nat_core.c find_best_ips_proto.
 * @param source source address before this translation
 * @param destination destination address before this translation
 * @returns undefined when an address is unreadable
 */
export function pickAddress(
  range: AddressRange,
  persistent: boolean,
  source: string,
  destination: string,
  manipulation: Manipulation,
): string | undefined {
  if (range.from === range.to) return range.from;
  const [from, to, src, dst] = [range.from, range.to, source, destination].map((text) => parseAddress(text));
  if (from === undefined || to === undefined || src === undefined || dst === undefined) return undefined;
  const low = networkWords(from);
  const high = networkWords(to);
  const lastWord = low.length - 1;
  const destinationWords = networkWords(dst);
  let hash = jhashFourWords(hashWords(src), persistent ? 0 : swap(destinationWords[lastWord] ?? 0));
  let full = false;
  let bits = 0n;
  for (let index = 0; index <= lastWord; index += 1) {
    const minimum = full ? 0 : (low[index] ?? 0);
    const distance = full ? FULL_RANGE : (high[index] ?? 0) - minimum + 1;
    const word = (minimum + reciprocalScale(hash, distance)) >>> 0;
    bits = (bits << 32n) | BigInt(word);
    if (word !== high[index]) full = true;
    // The kernel reads the destination where it has just written it.
    const seen = manipulation === 'destination' ? word : (destinationWords[index] ?? 0);
    if (!persistent) hash = (hash ^ swap(seen)) >>> 0;
  }
  return addressFromBits(from.family, bits).text;
}

/** The 32-bit words of an address, first to last, each as a number in the order of the network. */
function networkWords({ family, bits }: Address): number[] {
  if (family === 4) return [Number(bits)];
  return [96n, 64n, 32n, 0n].map((shift) => Number((bits >> shift) & WORD));
}

/** union nf_inet_addr as jhash2 sees it: four words in the machine's order, the last three empty for IPv4. */
function hashWords(address: Address): [number, number, number, number] {
  const [first = 0, second = 0, third = 0, fourth = 0] = networkWords(address).map(swap);
  return [first, second, third, fourth];
}

/** Network order read on a little-endian machine. */
function swap(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
