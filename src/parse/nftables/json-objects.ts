/**
 * Finds the objects of `nft -j list ruleset` without reading them: of ten thousand, a packet meets a dozen. In: the bytes. Out: where each
 * object stands, and what of it its beginning does not tell. It judges no values.
 */
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  DEPTH_LIMIT,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
} from '../json-index/byte-scan.ts';

/** Where the objects stand, in order. */
export interface ObjectPlaces {
  readonly starts: readonly number[];
  /** Behind the last brace. */
  readonly ends: readonly number[];
  /** How many arrays and objects are values in the body of each: `expr` alone, of a rule. */
  readonly parts: readonly number[];
}

const BEGINNING = /^\s*\{\s*"nftables"\s*:\s*\[/;
const END = /^\s*\}\s*$/;
const LONGEST_BEGINNING = 100;
/** Behind the array there is a brace and a line feed. */
const LONGEST_END = 100;

/** More are not noted one by one: a node with a million Services has fewer, and a hostile listing would fill the memory. */
const MOST_OBJECTS = 2_000_000;
/** Depth of the values in an object's body: the object is the first, its body the second. */
const BODY = 2;

/** @returns null when the text is not that array alone, not whole, or too long: then it is to be read as any other document */
export function findObjects(bytes: Buffer): ObjectPlaces | null {
  const beginning = BEGINNING.exec(bytes.toString('latin1', 0, Math.min(bytes.length, LONGEST_BEGINNING)))?.[0];
  if (beginning === undefined) return null;
  const from = skipSpace(bytes, beginning.length);
  const places = skipObjects(bytes, from);
  const { end } = places;
  if (bytes[end] !== CLOSE_BRACKET || bytes.length - end > LONGEST_END) return null;
  if (places.starts.length > MOST_OBJECTS || !areObjects(bytes, places, from, end)) return null;
  return END.test(bytes.toString('latin1', end + 1, bytes.length)) ? places : null;
}

/**
 * Goes over every byte, because a base chain that is overlooked would change every answer; in one loop, which is compiled once.
 * @returns the objects before the bracket that closes their array, which stands at `end`; end is the text's where there is none
 */
function skipObjects(bytes: Buffer, from: number): ObjectPlaces & { readonly end: number } {
  const { length } = bytes;
  const starts: number[] = [];
  const ends: number[] = [];
  const parts: number[] = [];
  let depth = 0;
  let within = 0;
  let at = from;
  while (at < length) {
    const byte = bytes[at];
    at += 1;
    if (byte === QUOTE) {
      while (at < length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
      at += 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === 0) {
        if (starts.push(at - 1) > MOST_OBJECTS) break;
        within = 0;
      }
      depth += 1;
      if (depth > DEPTH_LIMIT) break;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === BODY) within += 1;
      else if (depth === 0) {
        ends.push(at);
        parts.push(within);
      } else if (depth < 0) return { starts, ends, parts, end: at - 1 };
    }
  }
  return { starts, ends, parts, end: length };
}

/** Whether the array holds objects with commas between them, and nothing else. */
function areObjects(bytes: Buffer, { starts, ends }: ObjectPlaces, from: number, end: number): boolean {
  let next = from;
  for (let index = 0; index < starts.length; index += 1) {
    const start = starts[index] ?? 0;
    if (start !== next || bytes[start] !== OPEN_BRACE) return false;
    const behind = skipSpace(bytes, ends[index] ?? 0);
    next = bytes[behind] === COMMA ? skipSpace(bytes, behind + 1) : behind;
    if (next === behind && next !== end) return false;
  }
  return next === end && (starts.length === 0 || bytes[skipSpace(bytes, ends.at(-1) ?? 0)] !== COMMA);
}
