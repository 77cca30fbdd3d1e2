import { opened, type WalkedJson } from '../../model/walked-json.ts';
import { holdsLong, isLong, plainTree, type JsonTree } from './json-tree.ts';

const INDENT = '    ';

/** A string as Go's encoding/json writes it: also `<`, `>`, `&` and the line separators escaped (encoding/json, SetEscapeHTML). */
export function goString(text: string): string {
  return JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function scalarText(node: Extract<JsonTree, { kind: 'scalar' }>, quote: (text: string) => string = goString): string {
  const { value } = node;
  if (typeof value === 'string') return quote(value);
  return typeof value === 'object' && value !== null ? value.number : String(value);
}

/**
 * Indented by four blanks, as encoding/json's MarshalIndent does for the list dumps.
 * @param quote writes a string
 */
export function renderIndented(node: JsonTree, quote: (text: string) => string): string {
  return indented(node, '', quote);
}

function indented(node: JsonTree, indent: string, quote: (text: string) => string): string {
  if (node.kind === 'scalar') return scalarText(node, quote);
  const inner = indent + INDENT;
  const [open, close] = node.kind === 'array' ? '[]' : '{}';
  const parts =
    node.kind === 'array'
      ? node.elements.map((element) => indented(element, inner, quote))
      : node.members.map(([key, value]) => `${quote(key)}: ${indented(value, inner, quote)}`);
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`;
}

/** The same of a list, an element each, and of an element's own long lists as well. */
export function indentedList(elements: Iterable<JsonTree>, quote: (text: string) => string): Generator<string> {
  return block('[]', '', unnamed(elements), (element) => indentedTree(element, INDENT, quote));
}

function* indentedTree(node: JsonTree, indent: string, quote: (text: string) => string): Generator<string> {
  if (node.kind === 'scalar' || (!isLong(node) && !holdsLong(node))) {
    yield indented(node, indent, quote);
    return;
  }
  const parts = node.kind === 'array' ? unnamed(node.elements) : named(node.members, quote);
  yield* block(node.kind === 'array' ? '[]' : '{}', indent, parts, (part) =>
    indentedTree(part, indent + INDENT, quote),
  );
}

/** The same of plain JSON, piece by piece: it may be longer than a string can be. */
export function* indentedPieces(node: WalkedJson, quote: (text: string) => string, indent = ''): Generator<string> {
  if ('value' in node) {
    yield indented(plainTree(node.value), indent, quote);
    return;
  }
  const parts = 'members' in node ? named(node.members, quote) : unnamed(node.elements, opened);
  yield* block('members' in node ? '{}' : '[]', indent, parts, (part) => indentedPieces(part, quote, indent + INDENT));
}

/** What stands before a part of an object or list, and the part. */
type Part<T> = readonly [before: string, part: T];

/** Parts between brackets, each on a line of its own. */
function* block<T>(
  brackets: '[]' | '{}',
  indent: string,
  parts: Iterable<Part<T>>,
  piecesOf: (part: T) => Iterable<string>,
): Generator<string> {
  let before = brackets.charAt(0);
  let any = false;
  for (const [name, part] of parts) {
    yield `${before}\n${indent}${INDENT}${name}`;
    yield* piecesOf(part);
    before = ',';
    any = true;
  }
  yield any ? `\n${indent}${brackets.charAt(1)}` : brackets;
}

function* named<T>(members: Iterable<readonly [string, T]>, quote: (text: string) => string): Generator<Part<T>> {
  for (const [key, member] of members) yield [`${quote(key)}: `, member];
}

function* unnamed<T>(elements: Iterable<T>, each = (element: T): T => element): Generator<Part<T>> {
  for (const element of elements) yield ['', each(element)];
}

/**
 * As golang/protobuf's jsonpb indents a single message (jsonpb/encode.go: marshalMessage, marshalValue), for bootstrap and secrets:
 * what lies in a google.protobuf.Struct stands further to the right with each level, and an empty message has a blank line in it.
 */
export function renderJsonpb(node: JsonTree): string {
  return jsonpbMessage(node, '');
}

function jsonpbMessage(node: JsonTree, indent: string): string {
  if (node.kind === 'scalar') return scalarText(node);
  if (node.origin === 'value') return jsonpbMessage({ ...node, origin: 'struct' }, indent + INDENT);
  if (node.kind === 'array' || node.origin !== 'message') return jsonpbValue({ ...node, origin: 'field' }, indent);
  const members = node.members.map(
    ([key, value]) => `${indent}${INDENT}${goString(key)}: ${jsonpbValue(value, indent)}`,
  );
  return `{\n${members.join(',\n')}\n${indent}}`;
}

function jsonpbValue(node: JsonTree, indent: string): string {
  if (node.kind === 'scalar' || node.origin !== 'field') return jsonpbMessage(node, indent + INDENT);
  const place = `\n${indent}${INDENT}${INDENT}`;
  const inner = indent + INDENT + INDENT;
  const end = `\n${indent}${INDENT}`;
  if (node.kind === 'array') {
    return `[${node.elements.map((element) => place + jsonpbMessage(element, inner)).join(',')}${end}]`;
  }
  return `{${node.members.map(([key, value]) => `${place}${goString(key)}: ${jsonpbMessage(value, inner)}`).join(',')}${end}}`;
}
