import { COMMA, OPEN_BRACE, OPEN_BRACKET } from './byte-scan.ts';

/** Values that JSON.parse may make of one document: each takes some fifty bytes, whatever its text is worth. */
const VALUE_LIMIT = 15_000_000;

/**
 * Whether a document may hold more values than memory bears. Every value but the first of its container follows a comma, and
 * every container has a bracket; those in strings count as well, so that this errs on the safe side.
 */
export function exceedsValueLimit(bytes: Uint8Array, limit = VALUE_LIMIT): boolean {
  if (bytes.length <= limit) return false;
  let values = 0;
  // By index: an iterator over bytes takes twenty times as long.
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) values += 1;
  }
  return values > limit;
}
