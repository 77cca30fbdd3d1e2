import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DEPTH_LIMIT,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipSpace,
  skipString,
  skipValue,
  TOO_DEEP,
  TRUNCATED,
} from './byte-scan.ts';

/** Keys and, at the same places, values. */
export interface Members {
  readonly keys: readonly string[];
  readonly values: readonly Span[];
}

/** The member of that key; of equal keys the last one stands, as in JSON.parse. */
export function memberOf(members: Members, key: string): Span | undefined {
  return members.values[members.keys.lastIndexOf(key)];
}

/**
 * Where a value stands in the bytes, and, for the outer levels of a document, where its members or elements stand.
 * One scan builds it; nothing is decoded but the keys.
 */
export interface Span {
  readonly start: number;
  /** Exclusive; for a value that is not whole, where reading stopped. */
  readonly end: number;
  readonly kind: 'object' | 'array' | 'scalar';
  /** Why the value is not whole; its complete members or elements are still listed. */
  readonly broken: 'truncated' | 'too-deep' | 'too-many' | 'malformed' | null;
  /** Members of an object, in order, equal keys included. null: below the indexed levels. */
  readonly members: Members | null;
  /** Whether `members` holds only those that the innermost level is asked for. */
  readonly selected: boolean;
  /** Elements of an array. null: below the indexed levels. */
  readonly elements: readonly Span[] | null;
}

/** Members and elements that one index lists: each takes some hundred bytes, and no dump of that many resources is known. */
const LISTED_LIMIT = 500_000;

/** How much of a document is indexed. */
export interface IndexDepth {
  /** Levels of containers whose members and elements are listed. */
  readonly levels: number;
  /** On the innermost of these levels, objects list only members with these (ASCII) keys; null: all. */
  readonly innermostKeys: readonly Buffer[] | null;
}

/**
 * Indexes the outermost levels of containers of the value at `from`.
 * Cost: one look at each byte, and one small object for each member or element that is listed.
 */
export function indexSpans(bytes: Buffer, from: number, depth: IndexDepth): Span {
  return new Indexer(bytes, depth.innermostKeys).value(from, depth.levels, 0);
}

/** A value whose members or elements are not listed. */
export function leaf(kind: Span['kind'], start: number, end: number, broken: Span['broken'] = null): Span {
  return { start, end, kind, broken, members: null, selected: false, elements: null };
}

class Indexer {
  readonly #bytes: Buffer;
  readonly #keys: readonly Buffer[] | null;
  #listed = 0;

  constructor(bytes: Buffer, innermostKeys: readonly Buffer[] | null) {
    this.#bytes = bytes;
    this.#keys = innermostKeys;
  }

  value(start: number, levels: number, depth: number): Span {
    const bytes = this.#bytes;
    const first = bytes[start];
    if ((first === OPEN_BRACE || first === OPEN_BRACKET) && levels > 0 && depth < DEPTH_LIMIT) {
      return first === OPEN_BRACE
        ? this.#object(start, levels - 1, depth + 1)
        : this.#array(start, levels - 1, depth + 1);
    }
    const kind = first === OPEN_BRACE ? 'object' : first === OPEN_BRACKET ? 'array' : 'scalar';
    const end = skipValue(bytes, start, depth);
    if (end === start) return leaf(kind, start, start, start >= bytes.length ? 'truncated' : 'malformed');
    if (end < 0) return leaf(kind, start, bytes.length, end === TOO_DEEP ? 'too-deep' : 'truncated');
    // A number or literal at the very end of the text may have been cut: only what a delimiter follows is known to be whole.
    const cut = kind === 'scalar' && depth > 0 && first !== QUOTE && end === bytes.length;
    return leaf(kind, start, end, cut ? 'truncated' : null);
  }

  #object(start: number, levels: number, depth: number): Span {
    const bytes = this.#bytes;
    const keys: string[] = [];
    const values: Span[] = [];
    const members = { keys, values };
    const selected = levels === 0 && this.#keys !== null;
    const close = (end: number, broken: Span['broken']): Span => {
      return { start, end, kind: 'object', broken, members, selected, elements: null };
    };
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === CLOSE_BRACE) return close(at + 1, null);
    for (;;) {
      if (at >= bytes.length) return close(at, 'truncated');
      if (bytes[at] !== QUOTE) return close(at, 'malformed');
      const keyEnd = skipString(bytes, at);
      if (keyEnd === TRUNCATED) return close(bytes.length, 'truncated');
      const key = selected ? this.#selectedKey(at, keyEnd) : decodeKey(bytes, at, keyEnd);
      at = skipSpace(bytes, keyEnd);
      if (key === undefined || (at < bytes.length && bytes[at] !== COLON)) return close(at, 'malformed');
      const valueStart = skipSpace(bytes, at + 1);
      const skipped = key === null ? skipValue(bytes, valueStart, depth) : TRUNCATED;
      if (key !== null || skipped <= valueStart) {
        const value = this.value(valueStart, levels, depth);
        keys.push(key ?? '');
        values.push(value);
        if (value.broken !== null) return close(value.end, value.broken);
        if (++this.#listed > LISTED_LIMIT) return close(value.end, 'too-many');
        at = skipSpace(bytes, value.end);
      } else {
        at = skipSpace(bytes, skipped);
      }
      if (bytes[at] === CLOSE_BRACE) return close(at + 1, null);
      if (bytes[at] !== COMMA) return close(at, at >= bytes.length ? 'truncated' : 'malformed');
      at = skipSpace(bytes, at + 1);
    }
  }

  #array(start: number, levels: number, depth: number): Span {
    const bytes = this.#bytes;
    const elements: Span[] = [];
    const close = (end: number, broken: Span['broken']): Span => {
      return { start, end, kind: 'array', broken, members: null, selected: false, elements };
    };
    let at = skipSpace(bytes, start + 1);
    if (bytes[at] === CLOSE_BRACKET) return close(at + 1, null);
    for (;;) {
      if (at >= bytes.length) return close(at, 'truncated');
      const value = this.value(at, levels, depth);
      elements.push(value);
      if (value.broken !== null) return close(value.end, value.broken);
      if (++this.#listed > LISTED_LIMIT) return close(value.end, 'too-many');
      at = skipSpace(bytes, value.end);
      if (bytes[at] === CLOSE_BRACKET) return close(at + 1, null);
      if (bytes[at] !== COMMA) return close(at, at >= bytes.length ? 'truncated' : 'malformed');
      at = skipSpace(bytes, at + 1);
    }
  }

  /** A key that is asked for; null for another one. A key with escapes is decoded: it may spell one that is. */
  #selectedKey(start: number, end: number): string | null | undefined {
    const bytes = this.#bytes;
    const wanted = this.#keys?.find((key) => {
      if (key.length !== end - start - 2) return false;
      for (let index = 0; index < key.length; index++) if (bytes[start + 1 + index] !== key[index]) return false;
      return true;
    });
    if (wanted !== undefined) return bytes.toString('latin1', start + 1, end - 1);
    for (let at = start + 1; at < end - 1; at++) if (bytes[at] === BACKSLASH) return decodeKey(bytes, start, end);
    return null;
  }
}

/** A key; undefined when it is no valid JSON string. */
function decodeKey(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80 || byte < 0x20) {
      try {
        const key: unknown = JSON.parse(bytes.toString('utf8', start, end));
        return typeof key === 'string' ? key : undefined;
      } catch {
        return undefined;
      }
    }
  }
  return bytes.toString('latin1', start + 1, end - 1);
}
