/**
 * Reads the elements of a long list one after the other and keeps none of them.
 *
 * In: the bytes of a document and where a list stands in them. Out: values. Many elements are parsed at once, for many small texts cost
 * more than one, and one of all would be all in memory. Members that nobody will look at can be left out before the text is parsed.
 */
import { CLOSE_BRACE, CLOSE_BRACKET, OPEN_BRACKET, QUOTE } from './byte-scan.ts';
import { isTooDeep } from './nesting.ts';
import type { Span } from './span-tree.ts';

/** As many bytes are parsed at once. */
const BATCH_BYTES = 512 * 1024;
/** V8's limit on the length of a string (2^29 - 24); a longer slice cannot be parsed. */
const STRING_LIMIT = 0x1fffffe8;
const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * The value of a span; undefined: its text is no JSON, is nested too deeply, or cannot be held.
 * @param scanned whether somebody has looked how deeply it is nested
 */
export function parseSpan(bytes: Buffer, { start, end, broken }: Span, scanned = true): unknown {
  if (broken !== null || end - start > STRING_LIMIT) return undefined;
  const text = bytes.toString('utf8', start, end);
  if (!scanned && isTooDeep(text, bytes, start)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * The values of the elements of a list that is printed with one element after the other, each an object that begins on a line of its own.
 * @param holding characters that the text of an element must hold; null: every element is read
 * @returns how many were read before the list turned out to be printed in another way; null: it was read to its end
 */
export function* listedValues(
  bytes: Buffer,
  list: Span,
  holding: string | null,
  reader: BatchReader,
): Generator<unknown, number | null> {
  const first = list.start + 1;
  const end = bytes.lastIndexOf(NEWLINE, list.end - 1);
  if (bytes[first] !== NEWLINE || end <= first) return 0;
  return yield* printedValues(bytes, [first, end], firstOther(bytes, first + 1) - first - 1, holding, reader);
}

/**
 * The values of elements that are printed one after the other, each an object that begins on a line of its own.
 * @param place where the line feed before the first one stands, and the end of the last one
 * @param indent blanks before each
 * @param holding characters that the text of an element must hold; null: every element is read
 * @returns as {@link listedValues}
 */
export function* printedValues(
  bytes: Buffer,
  [first, end]: readonly [number, number],
  indent: number,
  holding: string | null,
  reader: BatchReader,
): Generator<unknown, number | null> {
  const margin = ' '.repeat(indent);
  const texts =
    holding === null
      ? batches(bytes, first, end, margin)
      : textsHolding(bytes, first, end, margin, Buffer.from(holding));
  let count = 0;
  for (const text of texts) {
    const values = text === null ? undefined : holding === null ? reader.read(text) : reader.readOne(text);
    if (values === undefined) return count;
    yield* values;
    count += values.length;
  }
  return null;
}

/** Texts of many elements each. */
function* batches(bytes: Buffer, first: number, end: number, indent: string): Generator<Buffer> {
  const boundary = Buffer.from(`\n${indent}},\n`);
  for (let at = first; at < end;) {
    const hit = bytes.indexOf(boundary, at + BATCH_BYTES);
    const stop = hit < 0 || hit >= end ? end : hit + boundary.length - 2;
    yield bytes.subarray(at, stop);
    at = stop + 1;
  }
}

/** The text of each element that holds the characters; null: what holds them is no element. */
function* textsHolding(
  bytes: Buffer,
  first: number,
  end: number,
  indent: string,
  needle: Buffer,
): Generator<Buffer | null> {
  const list = bytes.subarray(0, end);
  const [open, close] = [`\n${indent}{\n`, `\n${indent}}`];
  for (let hit = find(list, needle, first); hit >= 0;) {
    const start = list.lastIndexOf(open, hit);
    const last = list.indexOf(close, hit);
    if (start < first || last < 0) {
      yield null;
      return;
    }
    const stop = last + close.length;
    yield list.subarray(start, stop);
    hit = find(list, needle, stop);
  }
}

/** Where the characters stand. A quote, with which they may begin, is frequent: what is behind it is found faster. */
function find(bytes: Buffer, needle: Buffer, from: number): number {
  if (needle[0] !== QUOTE || needle.length < 3) return bytes.indexOf(needle, from);
  const rest = needle.subarray(1);
  for (let hit = bytes.indexOf(rest, from + 1); hit >= 0; hit = bytes.indexOf(rest, hit + 1)) {
    if (bytes[hit - 1] === QUOTE) return hit - 1;
  }
  return -1;
}

/**
 * The values of elements wherever they stand.
 * @param broken is told each element whose text is no JSON, in place of its value
 */
export function* elementValues(
  bytes: Buffer,
  spans: readonly Span[],
  reader: BatchReader,
  broken: (span: Span) => void,
): Generator {
  for (const span of spans) {
    const [only, ...others] = span.broken === null ? (reader.read(bytes.subarray(span.start, span.end)) ?? []) : [];
    const value = others.length === 0 && only !== undefined ? only : parseSpan(bytes, span);
    if (value === undefined) broken(span);
    else yield value;
  }
}

/** A member that is left out: how it begins when it is printed over several lines. */
interface Opening {
  readonly text: Buffer;
  readonly close: number;
  /** Where it stands next; -1: nowhere. */
  at: number;
  /** Texts in a row that did not have it. */
  missed: number;
}

/** Texts without a member after which it is not looked for any more: a proxy's resources of a kind are much alike. */
const MISSES = 3;

/** Parses texts of elements with commas between them. */
export class BatchReader {
  readonly #openings: readonly Opening[];
  #scratch = Buffer.alloc(0);
  /** Line ends with their closing bracket, by bracket and indent. */
  readonly #closes = new Map<number, Buffer>();

  /**
   * @param without members whose contents may be left out, as they begin: `stats": [`. Only of a text that is printed line by line,
   *   where no string can hold such a beginning: its quote would be escaped.
   */
  constructor(without: readonly string[]) {
    this.#openings = without.map((member) => ({
      text: Buffer.from(`"${member}\n`),
      close: member.endsWith('[') ? CLOSE_BRACKET : CLOSE_BRACE,
      at: -1,
      missed: 0,
    }));
  }

  /** The values; undefined: the text is no JSON, or cannot be held. */
  read(bytes: Buffer): readonly unknown[] | undefined {
    if (bytes.length + 2 > STRING_LIMIT) return undefined;
    try {
      const values: unknown = JSON.parse(this.#shortened(bytes));
      return Array.isArray(values) ? (values as unknown[]) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The value of a text that is most likely one element. */
  readOne(bytes: Buffer): readonly unknown[] | undefined {
    if (this.#openings.length > 0 || bytes.length > STRING_LIMIT) return this.read(bytes);
    try {
      return [JSON.parse(bytes.toString('utf8')) as unknown];
    } catch {
      return this.read(bytes);
    }
  }

  /**
   * The text as a list, with the contents of the members left out. Each ends at the next line with its closing bracket at its own
   * indent, for no line feed can stand inside a JSON string.
   */
  #shortened(bytes: Buffer): string {
    if (this.#scratch.length < bytes.length + 2) this.#scratch = Buffer.allocUnsafe(bytes.length + 2);
    const scratch = this.#scratch;
    scratch[0] = OPEN_BRACKET;
    let used = 1;
    let done = 0;
    for (const one of this.#openings) {
      one.at = one.missed < MISSES ? bytes.indexOf(one.text) : -1;
      one.missed = one.at < 0 ? one.missed + 1 : 0;
    }
    for (let opening = this.#next(); opening !== undefined; opening = this.#next()) {
      const inside = opening.at + opening.text.length - 1;
      const end = Math.max(this.#endOfContent(bytes, opening, inside), inside);
      used += bytes.copy(scratch, used, done, inside);
      done = end;
      for (const one of this.#openings) if (one.at >= 0 && one.at < end) one.at = bytes.indexOf(one.text, end);
    }
    used += bytes.copy(scratch, used, done);
    scratch[used] = CLOSE_BRACKET;
    return scratch.toString('utf8', 0, used + 1);
  }

  #next(): Opening | undefined {
    let found: Opening | undefined;
    for (const one of this.#openings) if (one.at >= 0 && (found === undefined || one.at < found.at)) found = one;
    return found;
  }

  /** Where the bracket stands that closes what is opened in this line; -1: the line does not begin with the member. */
  #endOfContent(bytes: Buffer, { at, close }: Opening, inside: number): number {
    let line = at;
    while (bytes[line - 1] === SPACE) line -= 1;
    if (bytes[line - 1] !== NEWLINE) return -1;
    const margin = at - line;
    const key = margin * 256 + close;
    let needle = this.#closes.get(key);
    if (needle === undefined) {
      needle = Buffer.from(`\n${' '.repeat(margin)}${String.fromCharCode(close)}`);
      this.#closes.set(key, needle);
    }
    const end = bytes.indexOf(needle, inside);
    return end < 0 ? -1 : end + 1 + margin;
  }
}

function firstOther(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at += 1;
  return at;
}
