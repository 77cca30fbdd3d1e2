import type { NftDatum, NftOperator, NftPattern } from '../../../model/nftables.ts';
import type { Value } from './value.ts';

/** Three-valued: `unknown` where nobody can tell. */
export type Answer = 'yes' | 'no' | 'unknown';

export function inverse(answer: Answer): Answer {
  return answer === 'unknown' ? answer : answer === 'yes' ? 'no' : 'yes';
}

/** Whether a value is what a pattern stands for. */
function fitsPattern(pattern: NftPattern, value: Value): Answer {
  if (pattern.kind === 'any') return 'yes';
  if (pattern.kind === 'name-prefix') {
    if (value.kind !== 'known') return 'unknown';
    return typeof value.datum === 'string' && value.datum.startsWith(pattern.prefix) ? 'yes' : 'no';
  }
  const { from, to } = pattern;
  switch (value.kind) {
    case 'known':
      return typeof value.datum === typeof from && from <= value.datum && value.datum <= to ? 'yes' : 'no';
    case 'within':
      if (typeof from !== 'number' || typeof to !== 'number' || to < value.from || value.to < from) return 'no';
      return from <= value.from && value.to <= to ? 'yes' : 'unknown';
    case 'bits':
      if (typeof from !== 'number' || from !== to) return 'unknown';
      return (from & value.known) === (value.bits & value.known) ? 'unknown' : 'no';
    default:
      return 'unknown';
  }
}

/** Whether every part of a key is what its pattern stands for. */
export function fitsKey(patterns: readonly NftPattern[], value: Value): Answer {
  const parts = value.kind === 'parts' ? value.parts : [value];
  if (parts.length !== patterns.length) return 'unknown';
  let answer: Answer = 'yes';
  for (let index = 0; index < parts.length; index += 1) {
    const pattern = patterns[index];
    const part = parts[index];
    const one = pattern === undefined || part === undefined ? 'unknown' : fitsPattern(pattern, part);
    if (one === 'no') return 'no';
    if (one === 'unknown') answer = one;
  }
  return answer;
}

/** `<`, `>`, `<=`, `>=`: registers are compared as unsigned numbers in the order of the network (nft_cmp.c). */
export function comparesTo(operator: NftOperator, value: Value, bound: NftDatum): Answer {
  if (value.kind === 'within' && typeof bound === 'number') {
    const ends = [inOrder(operator, value.from, bound), inOrder(operator, value.to, bound)];
    if (ends[0] === ends[1]) return ends[0] === true ? 'yes' : 'no';
    return 'unknown';
  }
  if (value.kind !== 'known' || typeof value.datum !== typeof bound) return 'unknown';
  return inOrder(operator, value.datum, bound) ? 'yes' : 'no';
}

function inOrder(operator: NftOperator, one: NftDatum, other: NftDatum): boolean {
  switch (operator) {
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    default:
      return one >= other;
  }
}

/** Whether any of the flags is set. */
export function hasFlags(value: Value, flags: number): Answer {
  if (value.kind === 'known') return typeof value.datum === 'number' && (value.datum & flags) !== 0 ? 'yes' : 'no';
  if (value.kind !== 'bits') return 'unknown';
  if ((value.bits & value.known & flags) !== 0) return 'yes';
  return (flags & ~value.known) === 0 ? 'no' : 'unknown';
}
