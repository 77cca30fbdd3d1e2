import {
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
  readonly broken: 'truncated' | 'too-deep' | 'malformed' | null;
  /** Members of an object by key; of equal keys the last one stands, as in JSON.parse. null: below the indexed levels. */
  readonly members: ReadonlyMap<string, Span> | null;
  /** Elements of an array. null: below the indexed levels. */
  readonly elements: readonly Span[] | null;
}

/**
 * Indexes the outermost `levels` levels of containers of the value at `from`.
 * Cost: one look at each byte, and one small object for each member or element of these levels.
 */
export function indexSpans(bytes: Buffer, from: number, levels: number): Span {
  return indexValue(bytes, from, levels, 0);
}

function indexValue(bytes: Buffer, start: number, levels: number, depth: number): Span {
  const first = bytes[start];
  if (first === OPEN_BRACE || first === OPEN_BRACKET) {
    if (levels > 0 && depth < DEPTH_LIMIT) {
      return first === OPEN_BRACE
        ? indexObject(bytes, start, levels - 1, depth + 1)
        : indexArray(bytes, start, levels - 1, depth + 1);
    }
  }
  const kind = first === OPEN_BRACE ? 'object' : first === OPEN_BRACKET ? 'array' : 'scalar';
  const end = skipValue(bytes, start, depth);
  if (end === start) return leaf(kind, start, start, start >= bytes.length ? 'truncated' : 'malformed');
  if (end < 0) return leaf(kind, start, bytes.length, end === TOO_DEEP ? 'too-deep' : 'truncated');
  // A number or literal at the very end of the text may have been cut: only what a delimiter follows is known to be whole.
  const cut = kind === 'scalar' && depth > 0 && first !== QUOTE && end === bytes.length;
  return leaf(kind, start, end, cut ? 'truncated' : null);
}

function leaf(kind: Span['kind'], start: number, end: number, broken: Span['broken']): Span {
  return { start, end, kind, broken, members: null, elements: null };
}

function indexObject(bytes: Buffer, start: number, levels: number, depth: number): Span {
  const members = new Map<string, Span>();
  const close = (end: number, broken: Span['broken']): Span => ({
    start,
    end,
    kind: 'object',
    broken,
    members,
    elements: null,
  });
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACE) return close(at + 1, null);
  for (;;) {
    if (at >= bytes.length) return close(at, 'truncated');
    if (bytes[at] !== QUOTE) return close(at, 'malformed');
    const keyEnd = skipString(bytes, at);
    if (keyEnd === TRUNCATED) return close(bytes.length, 'truncated');
    const key = decodeKey(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (key === undefined || (at < bytes.length && bytes[at] !== COLON)) return close(at, 'malformed');
    const value = indexValue(bytes, skipSpace(bytes, at + 1), levels, depth);
    members.set(key, value);
    if (value.broken !== null) return close(value.end, value.broken);
    at = skipSpace(bytes, value.end);
    if (bytes[at] === CLOSE_BRACE) return close(at + 1, null);
    if (bytes[at] !== COMMA) return close(at, at >= bytes.length ? 'truncated' : 'malformed');
    at = skipSpace(bytes, at + 1);
  }
}

function indexArray(bytes: Buffer, start: number, levels: number, depth: number): Span {
  const elements: Span[] = [];
  const close = (end: number, broken: Span['broken']): Span => ({
    start,
    end,
    kind: 'array',
    broken,
    members: null,
    elements,
  });
  let at = skipSpace(bytes, start + 1);
  if (bytes[at] === CLOSE_BRACKET) return close(at + 1, null);
  for (;;) {
    if (at >= bytes.length) return close(at, 'truncated');
    const value = indexValue(bytes, at, levels, depth);
    elements.push(value);
    if (value.broken !== null) return close(value.end, value.broken);
    at = skipSpace(bytes, value.end);
    if (bytes[at] === CLOSE_BRACKET) return close(at + 1, null);
    if (bytes[at] !== COMMA) return close(at, at >= bytes.length ? 'truncated' : 'malformed');
    at = skipSpace(bytes, at + 1);
  }
}

/** A key; undefined when it is no valid JSON string. */
function decodeKey(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start + 1; at < end - 1; at++) {
    const byte = bytes[at]!;
    if (byte === 0x5c || byte >= 0x80 || byte < 0x20) {
      try {
        return JSON.parse(bytes.toString('utf8', start, end)) as string;
      } catch {
        return undefined;
      }
    }
  }
  return bytes.toString('latin1', start + 1, end - 1);
}
