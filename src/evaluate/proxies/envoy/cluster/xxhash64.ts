const WORD = 0xffff_ffff_ffff_ffffn;
const P1 = 0x9e37_79b1_85eb_ca87n;
const P2 = 0xc2b2_ae3d_27d4_eb4fn;
const P3 = 0x1656_67b1_9e37_79f9n;
const P4 = 0x85eb_ca77_c2b2_ae63n;
const P5 = 0x27d4_eb2f_1656_67c5n;

const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (64n - by))) & WORD;
const times = (one: bigint, other: bigint): bigint => (one * other) & WORD;
const round = (sum: bigint, lane: bigint): bigint => times(rotate((sum + times(lane, P2)) & WORD, 31n), P1);
const merge = (sum: bigint, lane: bigint): bigint => (times(sum ^ round(0n, lane), P1) + P4) & WORD;

/** XXH64 of a text's bytes (github.com/Cyan4973/xxHash, doc/xxhash_spec.md), with which Envoy hashes (source/common/common/hash.h). */
export function xxHash64(text: string, seed = 0n): bigint {
  const bytes = Buffer.from(text, 'utf8');
  const { length } = bytes;
  let at = 0;
  let hash = (seed + P5) & WORD;
  if (length >= 32) {
    const sums = [(seed + P1 + P2) & WORD, (seed + P2) & WORD, seed, (seed - P1) & WORD] as const;
    let [one, two, three, four] = sums;
    for (; at + 32 <= length; at += 32) {
      one = round(one, bytes.readBigUInt64LE(at));
      two = round(two, bytes.readBigUInt64LE(at + 8));
      three = round(three, bytes.readBigUInt64LE(at + 16));
      four = round(four, bytes.readBigUInt64LE(at + 24));
    }
    hash = (rotate(one, 1n) + rotate(two, 7n) + rotate(three, 12n) + rotate(four, 18n)) & WORD;
    hash = [one, two, three, four].reduce(merge, hash);
  }
  hash = (hash + BigInt(length)) & WORD;
  for (; at + 8 <= length; at += 8) {
    hash = (times(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n), P1) + P4) & WORD;
  }
  if (at + 4 <= length) {
    hash = (times(rotate(hash ^ times(BigInt(bytes.readUInt32LE(at)), P1), 23n), P2) + P3) & WORD;
    at += 4;
  }
  for (; at < length; at++) hash = times(rotate(hash ^ times(BigInt(bytes.readUInt8(at)), P5), 11n), P1);
  hash = times(hash ^ (hash >> 33n), P2);
  hash = times(hash ^ (hash >> 29n), P3);
  return hash ^ (hash >> 32n);
}
