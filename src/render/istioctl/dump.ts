import { canonicalMessage } from '../protobuf/canonical.ts';
import { goString, renderIndented, renderJsonpb } from './json.ts';
import { array, plainTree, type JsonTree } from './json-tree.ts';
import { renderGoYaml } from './yaml.ts';

export type DumpFormat = 'json' | 'yaml';

/** Messages of one type as a list, as istioctl prints clusters, listeners, routes and endpoints. */
export function renderList(messages: readonly unknown[], type: string, format: DumpFormat): string {
  const tree = array(
    messages.map((message) => canonicalMessage(message, type)),
    'field',
  );
  return print(tree, format, (node) => renderIndented(node, goString));
}

/** One message, as istioctl prints bootstrap and secrets. */
export function renderDump(message: unknown, type: string, format: DumpFormat): string {
  return print(canonicalMessage(message, type), format, renderJsonpb);
}

/** One message without HTML's characters escaped, as istioctl prints extensions. */
export function renderUnescaped(message: unknown, type: string, format: DumpFormat): string {
  return print(canonicalMessage(message, type), format, (node) => renderIndented(node, JSON.stringify));
}

/** A JSON document with its own names and order. */
export function renderDocument(document: unknown, format: DumpFormat): string {
  return print(plainTree(document), format, (node) => renderIndented(node, JSON.stringify));
}

/** istioctl ends what it prints with a line feed, and YAML has one already. */
function print(tree: JsonTree, format: DumpFormat, json: (tree: JsonTree) => string): string {
  return `${format === 'json' ? json(tree) : renderGoYaml(tree)}\n`;
}
