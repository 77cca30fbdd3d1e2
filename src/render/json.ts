// oxlint-disable-next-line no-control-regex -- finding control characters is the point
const RISKY = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The value as indented JSON. Characters that act on a terminal, and that JSON lets stand, are written as escapes. */
export function renderJson(value: unknown): string {
  return harmless(JSON.stringify(value, null, 2));
}

/** Lists of a document of ours by their names, of which nothing is kept. */
export type DocumentLists = readonly (readonly [name: string, items: Iterable<object>])[];

/**
 * A document of ours as `renderJson` writes it, piece by piece: it may be longer than a string can be.
 * @param head members before the lists
 * @param tail gives members behind them, one at least, once the lists were gone through
 */
export function* documentPieces(head: object, lists: DocumentLists, tail?: () => object): Generator<string> {
  yield renderJson(head).slice(0, -'\n}'.length);
  for (const [name, items] of lists) {
    yield `,\n  ${renderJson(name)}: [`;
    let end = ']';
    for (const item of items) {
      yield `${end === ']' ? '' : ','}\n    ${renderJson(item).replaceAll('\n', '\n    ')}`;
      end = '\n  ]';
    }
    yield end;
  }
  yield tail === undefined ? '\n}' : `,${renderJson(tail()).slice(1)}`;
}

/** The value as one line of JSON, for streams of answers. */
export function renderJsonLine(value: unknown): string {
  return harmless(JSON.stringify(value));
}

const PLAIN = /^[ !#-[\]-~]*$/;

/** Whether JSON writes a text as it is, between quotes, and none of its characters act on a terminal. */
export function isPlainText(text: string): boolean {
  return PLAIN.test(text);
}

/** JSON whose characters that act on a terminal are written as escapes. */
export function harmless(json: string): string {
  return json.replace(RISKY, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
