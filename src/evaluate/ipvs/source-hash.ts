import type { Address } from '../../model/address.ts';
import type { RealServer } from '../../model/ipvs.ts';

/** 2^32 divided by the golden ratio. Source: include/linux/hash.h GOLDEN_RATIO_32. */
const GOLDEN_RATIO = 0x61c88647;
/** CONFIG_IP_VS_SH_TAB_BITS and CONFIG_IP_VS_DH_TAB_BITS, 8 unless the kernel was built otherwise. */
const TABLE_BITS = 8;
const TABLE_SIZE = 1 << TABLE_BITS;
const WORD = 0xffffffffn;

/**
 * The bucket of an address, with a port that counts or 0, moved on by `offset`. Source: net/netfilter/ipvs/ip_vs_sh.c
 * ip_vs_sh_hashkey, ip_vs_dh.c ip_vs_dh_hashkey (since Linux 4.18, which takes the high bits of the product).
 */
export function bucketOf(address: Address, port: number, offset = 0): number {
  return (offset + (Math.imul((foldAddress(address) + port) | 0, GOLDEN_RATIO) >>> (32 - TABLE_BITS))) % TABLE_SIZE;
}

/** The 32-bit words of an address, put together. */
export function foldAddress({ bits }: Address): number {
  let fold = 0n;
  for (let rest = bits; rest > 0n; rest >>= 32n) fold ^= rest & WORD;
  return Number(fold);
}

/**
 * The real server in each bucket for scheduler sh: each server fills as many buckets as its weight says, one at least, in the order of
 * the kernel's list. Source: ip_vs_sh.c ip_vs_sh_reassign.
 */
export function weightedBuckets(servers: readonly RealServer[]): readonly RealServer[] {
  return fill(servers, (server) => Math.max(1, server.weight));
}

/** As `weightedBuckets` for scheduler dh, which takes no notice of weights. Source: ip_vs_dh.c ip_vs_dh_reassign. */
export function plainBuckets(servers: readonly RealServer[]): readonly RealServer[] {
  return fill(servers, () => 1);
}

function fill(servers: readonly RealServer[], share: (server: RealServer) => number): readonly RealServer[] {
  const buckets: RealServer[] = [];
  while (buckets.length < TABLE_SIZE && servers.length > 0) {
    for (const server of servers) {
      for (let count = share(server); count > 0 && buckets.length < TABLE_SIZE; count -= 1) buckets.push(server);
    }
  }
  return buckets;
}
