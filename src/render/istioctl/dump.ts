import type { WalkedJson } from '../../model/walked-json.ts';
import { canonicalMessage } from '../protobuf/canonical.ts';
import { goTree } from './go-struct.ts';
import { goString, indentedList, indentedPieces, renderIndented, renderJsonpb } from './json.ts';
import { array, object, type JsonTree } from './json-tree.ts';
import { goYamlList, goYamlPieces, renderGoYaml } from './yaml.ts';

export type DumpFormat = 'json' | 'yaml';

/** Messages of one type. */
export interface Messages {
  readonly values: readonly unknown[];
  readonly type: string;
  /**
   * As istioctl prints them: clusters, listeners, routes and endpoints as a list; bootstrap and secrets alone; extensions alone,
   * without HTML's characters escaped.
   */
  readonly as: 'list' | 'one' | 'unescaped';
}

/** Messages of one proxy as istioctl prints them; of several, an object with those of each under its name. */
export function renderDumps(dumps: readonly ProxyMessages[], several: boolean, format: DumpFormat): string {
  return [...messagePieces(dumps, several, format)].join('');
}

/** The messages of a proxy. */
export interface ProxyMessages {
  readonly proxy: string;
  readonly messages: Messages;
}

/** The same piece by piece, of a list a message each: it may be longer than a string can be. */
export function* messagePieces(
  dumps: readonly ProxyMessages[],
  several: boolean,
  format: DumpFormat,
): Generator<string> {
  const [first] = dumps;
  if (several || first === undefined) {
    const members = dumps.map(({ proxy, messages }) => [proxy, treeOf(messages)] as const);
    yield print(object(members, 'message'), format, (node) => renderIndented(node, goString));
    return;
  }
  const { values, type, as } = first.messages;
  if (as === 'list') {
    yield* format === 'json' ? indentedList(trees(values, type), goString) : goYamlList(trees(values, type));
    yield '\n';
    return;
  }
  const json = as === 'one' ? renderJsonpb : (node: JsonTree) => renderIndented(node, JSON.stringify);
  yield print(treeOf(first.messages), format, json);
}

function* trees(values: readonly unknown[], type: string): Generator<JsonTree> {
  for (const message of values) yield canonicalMessage(message, type);
}

function treeOf({ values, type, as }: Messages): JsonTree {
  if (as !== 'list') return canonicalMessage(values[0], type);
  return array([...trees(values, type)], 'field');
}

/** Values of a Go struct as a list, as istioctl prints what a ztunnel knows. */
export function renderGoStructs(
  values: readonly unknown[],
  fields: Parameters<typeof goTree>[1],
  format: DumpFormat,
): string {
  const tree = array(
    values.map((value) => goTree(value, fields)),
    'field',
  );
  return print(tree, format, (node) => renderIndented(node, goString));
}

/** A JSON document with its own names and order, piece by piece: it may be longer than a string can be. */
export function* dumpPieces(document: WalkedJson, format: DumpFormat): Generator<string> {
  yield* format === 'json' ? indentedPieces(document, JSON.stringify) : goYamlPieces(document);
  yield '\n';
}

/** The same as one text. */
export function renderDocument(document: unknown, format: DumpFormat): string {
  return [...dumpPieces({ value: document }, format)].join('');
}

/** istioctl ends what it prints with a line feed, and YAML has one already. */
function print(tree: JsonTree, format: DumpFormat, json: (tree: JsonTree) => string): string {
  return `${format === 'json' ? json(tree) : renderGoYaml(tree)}\n`;
}
