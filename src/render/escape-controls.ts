/**
 * Characters that move the cursor, colour, hide or reorder text in a terminal: C0 and C1 controls (ECMA-48) except line feed,
 * line and paragraph separators, and the bidirectional controls of Unicode (UAX #9).
 */
// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const CONTROLS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Makes text that may come from a cluster harmless in a terminal: `ESC` becomes `\x1b`, a right-to-left override `\u202e`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same for text that has to stay on its line: a name with a line feed in it must not look like a line of the answer. */
export function escapeLine(text: string): string {
  return escapeControls(text).replaceAll('\n', '\\x0a');
}
