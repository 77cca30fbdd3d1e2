/**
 * The lexical part of JSON (RFC 8259) over bytes: where strings and values end. It does not judge what stands inside a value;
 * `JSON.parse` does when the slice is read.
 */

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const COLON = 0x3a;
export const COMMA = 0x2c;

/** Nesting beyond this is refused: JSON.stringify and every walk over the values are recursive. No Envoy dump comes near it. */
export const DEPTH_LIMIT = 500;

/** The text ends inside the value. */
export const TRUNCATED = -1;
/** The value is nested deeper than DEPTH_LIMIT. */
export const TOO_DEEP = -2;

/** Position of the next byte that is no white space. */
export function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while ((bytes[at] ?? 0xff) <= 0x20) at++;
  return at;
}

/**
 * Position after the string whose opening quote stands at `from`, or TRUNCATED.
 * In UTF-8 no byte of a multi-byte character equals a quote or a backslash, so bytes can be compared alone.
 */
export function skipString(bytes: Uint8Array, from: number): number {
  let at = from + 1;
  const { length } = bytes;
  while (at < length) {
    const byte = bytes[at];
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return TRUNCATED;
}

/** Position after the value that begins at `from`, TRUNCATED or TOO_DEEP. `depth` is the nesting that it already stands in. */
export function skipValue(bytes: Uint8Array, from: number, depth = 0): number {
  const first = bytes[from];
  if (first === QUOTE) return skipString(bytes, from);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipContainer(bytes, from, depth);
  let at = from;
  while (at < bytes.length && !endsScalar(bytes[at] ?? 0)) at++;
  return at;
}

function skipContainer(bytes: Uint8Array, from: number, outer: number): number {
  let at = from;
  let depth = outer;
  const { length } = bytes;
  while (at < length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at === TRUNCATED) return TRUNCATED;
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > DEPTH_LIMIT) return TOO_DEEP;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--depth === outer) return at;
    }
  }
  return TRUNCATED;
}

function endsScalar(byte: number): boolean {
  return byte <= 0x20 || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}
