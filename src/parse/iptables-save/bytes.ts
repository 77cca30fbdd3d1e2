export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const HASH = 0x23;
export const STAR = 0x2a;
export const DASH = 0x2d;
export const COLON = 0x3a;
export const BRACKET = 0x5b;
const UPPER_A = 0x41;

/** Whether `-A CHAIN` stands at an offset. */
export function isAppend(bytes: Buffer, at: number): boolean {
  return bytes[at] === DASH && bytes[at + 1] === UPPER_A && bytes[at + 2] === SPACE && (bytes[at + 3] ?? 0) > SPACE;
}

/** Where the word that begins at an offset ends. */
export function wordEnd(bytes: Buffer, at: number): number {
  let end = at;
  while (end < bytes.length && (bytes[end] ?? 0) > SPACE) end += 1;
  return end;
}

/** The word that begins at an offset. */
export function wordAt(bytes: Buffer, at: number): string {
  return bytes.toString('utf8', at, wordEnd(bytes, at));
}

/** Whether the words at two offsets are the same. */
export function sameWord(bytes: Buffer, one: number, other: number): boolean {
  let index = 0;
  while ((bytes[one + index] ?? 0) > SPACE && bytes[one + index] === bytes[other + index]) index += 1;
  return (bytes[one + index] ?? 0) <= SPACE && (bytes[other + index] ?? 0) <= SPACE;
}
