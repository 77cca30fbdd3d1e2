import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
} from './byte-scan.ts';
import { leaf } from './span-tree.ts';
import type { Span } from './span-tree.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;

/**
 * Lists the outermost levels of a container that is printed with one member or element a line and indented by its depth, as Envoy
 * prints. No line feed can stand inside a JSON string, so the end of a value below these levels is the next line with its closing
 * bracket at its own indent, which is searched for without a look at each byte.
 * @param end where the container must end; null: wherever it does
 * @returns null when the container is printed in any other way
 */
export function spansByLayout(bytes: Buffer, start: number, levels: number, end: number | null): Span | null {
  const view = end === null ? bytes : bytes.subarray(0, end);
  const span = new Layout(view).container(start, marginOf(bytes, start), levels);
  return span === null || (end !== null && span.end !== end) ? null : span;
}

/** Blanks at the beginning of the line on which a byte stands. */
function marginOf(bytes: Buffer, at: number): number {
  const line = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
  return skipBlanks(bytes, line) - line;
}

function skipBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE) at++;
  return at;
}

class Layout {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  container(start: number, margin: number, levels: number): Span | null {
    const bytes = this.#bytes;
    const isObject = bytes[start] === OPEN_BRACE;
    if (bytes[start + 1] !== NEWLINE) return null;
    if (levels === 0) return this.#closed(start, margin, isObject);
    const first = skipBlanks(bytes, start + 2);
    const indent = first - start - 2;
    if (indent <= margin) return null;
    const keys: string[] = [];
    const values: Span[] = [];
    for (let at = first; ;) {
      const from = isObject ? this.#key(at, keys) : at;
      const value = from === null ? null : this.#value(from, indent, levels - 1);
      if (value === null) return null;
      values.push(value);
      if (bytes[value.end] === COMMA) {
        at = this.#lineStart(value.end + 1, indent);
        if (at < 0) return null;
        continue;
      }
      const close = this.#lineStart(value.end, margin);
      if (close < 0 || bytes[close] !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return null;
      const members = isObject ? { keys, values } : null;
      const kind = isObject ? 'object' : 'array';
      const elements = isObject ? null : values;
      return { start, end: close + 1, kind, broken: null, members, selected: false, elements };
    }
  }

  /** A container that is left closed. */
  #closed(start: number, margin: number, isObject: boolean): Span | null {
    const needle = `\n${' '.repeat(margin)}${isObject ? '}' : ']'}`;
    const hit = this.#bytes.indexOf(needle, start + 1, 'latin1');
    return hit < 0 ? null : leaf(isObject ? 'object' : 'array', start, hit + needle.length);
  }

  #value(start: number, indent: number, levels: number): Span | null {
    const bytes = this.#bytes;
    const first = bytes[start];
    if ((first === OPEN_BRACE || first === OPEN_BRACKET) && bytes[start + 1] === NEWLINE) {
      return this.container(start, indent, levels);
    }
    const end = skipValue(bytes, start);
    const kind = first === OPEN_BRACE ? 'object' : first === OPEN_BRACKET ? 'array' : 'scalar';
    return end <= start ? null : leaf(kind, start, end);
  }

  /** Reads a plain key; where its value begins. */
  #key(at: number, keys: string[]): number | null {
    const bytes = this.#bytes;
    if (bytes[at] !== QUOTE) return null;
    const end = skipString(bytes, at);
    const key = bytes.toString('latin1', at + 1, end - 1);
    if (end < 0 || bytes[end] !== COLON || !/^[A-Za-z0-9_@]+$/.test(key)) return null;
    keys.push(key);
    return skipSpace(bytes, end + 1);
  }

  /** Where the next line's text begins, when it begins at that indent; -1 otherwise. */
  #lineStart(at: number, indent: number): number {
    const bytes = this.#bytes;
    if (bytes[at] !== NEWLINE) return -1;
    const start = skipBlanks(bytes, at + 1);
    return start - at - 1 === indent ? start : -1;
  }
}
