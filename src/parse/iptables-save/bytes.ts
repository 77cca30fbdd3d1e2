export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const SPACE = 0x20;
export const BANG = 0x21;
export const HASH = 0x23;
export const STAR = 0x2a;
export const DASH = 0x2d;
export const COLON = 0x3a;
export const UPPER_A = 0x41;
export const BRACKET = 0x5b;

/** Whether `-A CHAIN` stands at an offset. */
export function isAppend(bytes: Buffer, at: number): boolean {
  return bytes[at] === DASH && bytes[at + 1] === UPPER_A && bytes[at + 2] === SPACE;
}

/** The word that begins at an offset. */
export function wordAt(bytes: Buffer, at: number): string {
  let end = at;
  while (end < bytes.length && (bytes[end] ?? 0) > SPACE) end += 1;
  return bytes.toString('utf8', at, end);
}
