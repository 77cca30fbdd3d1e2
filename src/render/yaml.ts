import { DEFAULT_SCHEMA, dump, Type } from 'js-yaml';
import { escapeControls } from './escape-controls.ts';
import type { DocumentLists } from './json.ts';

/** What some reader of YAML 1.1 or 1.2 takes for a number; the library knows of most, but not of `.`, `1_000_`, `+.5` or `e7`. */
const NUMBER_LIKE = /^[-+]?(?:[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|0[box][\da-f_]+)$/i;

/** A string that an implicit type takes is written with quotes; a type without a predicate writes no value itself. */
const SCHEMA = DEFAULT_SCHEMA.extend({
  implicit: [new Type('!number-like', { kind: 'scalar', resolve: (text: unknown) => NUMBER_LIKE.test(String(text)) })],
});

/**
 * The value as YAML, with quotes around what a reader of YAML 1.1 would take for something else than a string. Control characters in
 * strings are written as escapes by the library; the rest is made harmless here.
 */
export function renderYaml(value: unknown): string {
  return escapeControls(dump(value, { schema: SCHEMA, lineWidth: -1, noRefs: true, skipInvalid: true }));
}

/**
 * A document of ours as `renderYaml` writes it, piece by piece: it may be longer than a string can be.
 * @param head members before the lists
 * @param tail gives members behind them, one at least, once the lists were gone through
 */
export function* yamlPieces(head: object, lists: DocumentLists, tail?: () => object): Generator<string> {
  yield renderYaml(head);
  for (const [name, items] of lists) {
    let isFirst = true;
    for (const item of items) {
      const text = renderYaml({ [name]: [item] });
      yield isFirst ? text : text.slice(text.indexOf('\n') + 1);
      isFirst = false;
    }
    if (isFirst) yield renderYaml({ [name]: [] });
  }
  if (tail !== undefined) yield renderYaml(tail());
}
