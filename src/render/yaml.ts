import { dump } from 'js-yaml';
import { escapeControls } from './escape-controls.ts';
import type { DocumentLists } from './json.ts';

/**
 * The value as YAML, with quotes around what a reader of YAML 1.1 would take for something else than a string. Control characters in
 * strings are written as escapes by the library; the rest is made harmless here.
 */
export function renderYaml(value: unknown): string {
  return escapeControls(dump(value, { lineWidth: -1, noRefs: true, skipInvalid: true }));
}

/**
 * A document of ours as `renderYaml` writes it, piece by piece: it may be longer than a string can be.
 * @param head members before the lists
 */
export function* yamlPieces(head: object, lists: DocumentLists): Generator<string> {
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
}
