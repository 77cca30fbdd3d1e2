// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const RISKY = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The value as indented JSON. Characters that act on a terminal, and that JSON lets stand, are written as escapes. */
export function renderJson(value: unknown): string {
  return harmless(JSON.stringify(value, null, 2));
}

/**
 * A document of ours as `renderJson` writes it, piece by piece: it may be longer than a string can be.
 * @param head members before the items
 */
export function* documentPieces(head: object, items: Iterable<object>): Generator<string> {
  let before = `${renderJson(head).slice(0, -'\n}'.length)},\n  "items": [`;
  let end = ']\n}';
  for (const item of items) {
    yield `${before}\n    ${renderJson(item).replaceAll('\n', '\n    ')}`;
    before = ',';
    end = '\n  ]\n}';
  }
  yield before === ',' ? end : before + end;
}

/** The value as one line of JSON, for streams of answers. */
export function renderJsonLine(value: unknown): string {
  return harmless(JSON.stringify(value));
}

function harmless(json: string): string {
  return json.replace(RISKY, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
