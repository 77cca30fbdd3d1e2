import { xxHash64 } from './xxhash64.ts';

/** A host as a hashing load balancer sees it. */
export interface HashedHost {
  readonly key: string;
  /** Its share of the whole. */
  readonly weight: number;
}

/** The index of the host to which a hash leads. */
export type HashTable = (hash: bigint) => number;

/** Entries beyond which a table is not built. */
const ENTRY_LIMIT = 200_000;

/**
 * A ketama ring: each host has hashes in proportion to its weight, and a request goes to the next one on the ring
 * (RingHashLoadBalancer::Ring, source/extensions/load_balancing_policies/ring_hash/ring_hash_lb.cc). Sums of floating point as there.
 * @returns null when the ring would be too large to build
 */
export function ringTable(hosts: readonly HashedHost[], minimum: number, maximum: number): HashTable | null {
  const least = hosts.reduce((lowest, host) => Math.min(lowest, host.weight), 1);
  const scale = Math.min(Math.ceil(least * minimum) / least, maximum);
  if (hosts.length === 0 || !(scale <= ENTRY_LIMIT)) return null;
  const ring: { readonly hash: bigint; readonly index: number }[] = [];
  let target = 0;
  for (const [index, { key, weight }] of hosts.entries()) {
    target += scale * weight;
    for (let number = 0; ring.length < target; number++) ring.push({ hash: xxHash64(`${key}_${number}`), index });
  }
  ring.sort((one, other) => (one.hash < other.hash ? -1 : one.hash > other.hash ? 1 : 0));
  return (hash) => {
    let low = 0;
    let high = ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ring[middle]?.hash ?? hash) < hash) low = middle + 1;
      else high = middle;
    }
    return ring[low % ring.length]?.index ?? 0;
  };
}

/**
 * A Maglev table: hosts in the order of their keys take turns to fill it, each along a permutation of its own, lighter ones more rarely
 * (MaglevTable, source/extensions/load_balancing_policies/maglev/maglev_lb.cc).
 * @param size a prime number, as Envoy demands
 * @returns null when it is none, or too large to build
 */
export function maglevTable(hosts: readonly HashedHost[], size: number): HashTable | null {
  if (hosts.length === 0 || !(size <= ENTRY_LIMIT) || !isPrime(size)) return null;
  const heaviest = hosts.reduce((highest, host) => Math.max(highest, host.weight), 0);
  const entries = hosts
    .map(({ key, weight }, index) => ({
      key: Buffer.from(key, 'utf8'),
      index,
      weight,
      offset: Number(xxHash64(key) % BigInt(size)),
      skip: Number(xxHash64(key, 1n) % BigInt(size - 1)) + 1,
      next: 0,
      target: 0,
    }))
    .toSorted((one, other) => Buffer.compare(one.key, other.key));
  const table = new Int32Array(size).fill(-1);
  let filled = 0;
  for (let turn = 1; filled < size; turn++) {
    for (const entry of entries) {
      if (filled >= size) break;
      if (turn * entry.weight < entry.target) continue;
      entry.target += heaviest;
      let place = (entry.offset + entry.skip * entry.next) % size;
      while (table[place] !== -1) place = (entry.offset + entry.skip * ++entry.next) % size;
      table[place] = entry.index;
      entry.next++;
      filled++;
    }
  }
  return (hash) => table[Number(hash % BigInt(size))] ?? 0;
}

function isPrime(number: number): boolean {
  if (!Number.isInteger(number) || number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
