const INITIAL = 0xdeadbeef;

/** Bob Jenkins' hash of four 32-bit words, as the kernel has it. Source: include/linux/jhash.h jhash2. */
export function jhashFourWords(words: readonly [number, number, number, number], seed: number): number {
  const start = (INITIAL + (words.length << 2) + seed) >>> 0;
  let [a, b, c] = mix((start + words[0]) >>> 0, (start + words[1]) >>> 0, (start + words[2]) >>> 0);
  a = (a + words[3]) >>> 0;
  c = ((c ^ b) - rotate(b, 14)) >>> 0;
  a = ((a ^ c) - rotate(c, 11)) >>> 0;
  b = ((b ^ a) - rotate(a, 25)) >>> 0;
  c = ((c ^ b) - rotate(b, 16)) >>> 0;
  a = ((a ^ c) - rotate(c, 4)) >>> 0;
  b = ((b ^ a) - rotate(a, 14)) >>> 0;
  return ((c ^ b) - rotate(b, 24)) >>> 0;
}

/** Source: include/linux/jhash.h __jhash_mix. */
function mix(a0: number, b0: number, c0: number): [number, number, number] {
  let [a, b, c] = [a0, b0, c0];
  a = ((a - c) ^ rotate(c, 4)) >>> 0;
  c = (c + b) >>> 0;
  b = ((b - a) ^ rotate(a, 6)) >>> 0;
  a = (a + c) >>> 0;
  c = ((c - b) ^ rotate(b, 8)) >>> 0;
  b = (b + a) >>> 0;
  a = ((a - c) ^ rotate(c, 16)) >>> 0;
  c = (c + b) >>> 0;
  b = ((b - a) ^ rotate(a, 19)) >>> 0;
  a = (a + c) >>> 0;
  c = ((c - b) ^ rotate(b, 4)) >>> 0;
  b = (b + a) >>> 0;
  return [a, b, c];
}

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

/** `value * range / 2^32`. Source: include/linux/math.h reciprocal_scale. */
export function reciprocalScale(value: number, range: number): number {
  return Number((BigInt(value) * BigInt(range)) >> 32n);
}
