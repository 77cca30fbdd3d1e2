import { opened, type WalkedJson } from '../../model/walked-json.ts';
import { holdsLong, isLong, plainTree, type JsonTree } from './json-tree.ts';
import { yamlNumber, yamlString } from './yaml-scalar.ts';

const STEP = 2;

/**
 * YAML as istioctl makes it of its JSON (sigs.k8s.io/yaml, JSONToYAML): block collections, keys sorted, a list as far to the left as
 * the key that holds it. Ends with a line feed.
 */
export function renderGoYaml(node: JsonTree): string {
  return `${collection(node, 0, 0)}\n`;
}

/** The same of a list, an element each, and of an element's own long lists as well. */
export function* goYamlList(elements: Iterable<JsonTree>): Generator<string> {
  let any = false;
  for (const element of elements) {
    yield '- ';
    yield* collectionTree(element, STEP);
    yield '\n';
    any = true;
  }
  if (!any) yield '[]\n';
}

function* collectionTree(node: JsonTree, indent: number): Generator<string> {
  if (node.kind !== 'object' || !holdsLong(node)) {
    yield collection(node, indent, indent);
    return;
  }
  const margin = `\n${' '.repeat(indent)}`;
  for (const [at, [key, value]] of sortedMembers(node.members).entries()) {
    if (at > 0) yield margin;
    if (value.kind !== 'array' || !isLong(value)) {
      yield member(key, value, indent);
      continue;
    }
    yield `${yamlString(key, { column: indent, indent, isKey: true })}:`;
    for (const element of value.elements) yield `${margin}${listed(element, indent)}`;
  }
}

/** The same of plain JSON, piece by piece: it may be longer than a string can be. */
export function* goYamlPieces(node: WalkedJson): Generator<string> {
  yield* pieces(node, 0);
  yield '\n';
}

/** A node whose lines begin at the indent. */
function* pieces(node: WalkedJson, indent: number): Generator<string> {
  if ('value' in node) yield collection(plainTree(node.value), indent, indent);
  else if ('elements' in node) yield* elementPieces(node.elements, indent, '', '[]');
  else if (node.members.length === 0) yield '{}';
  else {
    for (const [at, [key, value]] of sortedMembers(node.members).entries()) {
      if (at > 0) yield `\n${' '.repeat(indent)}`;
      yield* memberPieces(key, value, indent);
    }
  }
}

function* memberPieces(key: string, node: WalkedJson, indent: number): Generator<string> {
  if ('value' in node) {
    yield member(key, plainTree(node.value), indent);
    return;
  }
  const name = yamlString(key, { column: indent, indent, isKey: true });
  if ('elements' in node) {
    yield* elementPieces(node.elements, indent, `${name}:\n${' '.repeat(indent)}`, `${name}: []`);
    return;
  }
  const inner = indent + STEP;
  yield node.members.length === 0 ? `${name}: ` : `${name}:\n${' '.repeat(inner)}`;
  yield* pieces(node, inner);
}

/** @param before what stands before the first one @param empty what stands there when there is none */
function* elementPieces(
  elements: Iterable<WalkedJson>,
  indent: number,
  before: string,
  empty: string,
): Generator<string> {
  let lead = before;
  let any = false;
  for (const element of elements) {
    yield `${lead}- `;
    yield* pieces(opened(element), indent + STEP);
    lead = `\n${' '.repeat(indent)}`;
    any = true;
  }
  if (!any) yield empty;
}

/**
 * A node that begins at a column; further lines of a collection begin at the indent.
 * @returns the text without a line feed at its end
 */
function collection(node: JsonTree, indent: number, column: number): string {
  if (node.kind === 'scalar') return scalarText(node, column, indent);
  const margin = `\n${' '.repeat(indent)}`;
  if (node.kind === 'array') {
    if (node.elements.length === 0) return '[]';
    return node.elements.map((element) => listed(element, indent)).join(margin);
  }
  if (node.members.length === 0) return '{}';
  return sortedMembers(node.members)
    .map(([key, value]) => member(key, value, indent))
    .join(margin);
}

function listed(element: JsonTree, indent: number): string {
  return `- ${element.kind === 'scalar' ? scalarText(element, indent + 2, indent + STEP) : collection(element, indent + STEP, indent + 2)}`;
}

function member(key: string, value: JsonTree, indent: number): string {
  const name = yamlString(key, { column: indent, indent, isKey: true });
  if (value.kind === 'scalar') return `${name}: ${scalarText(value, indent + name.length + 2, indent + STEP)}`;
  if (value.kind === 'array') {
    return value.elements.length === 0
      ? `${name}: []`
      : `${name}:\n${' '.repeat(indent)}${collection(value, indent, indent)}`;
  }
  if (value.members.length === 0) return `${name}: {}`;
  const inner = indent + STEP;
  return `${name}:\n${' '.repeat(inner)}${collection(value, inner, inner)}`;
}

function scalarText(node: Extract<JsonTree, { kind: 'scalar' }>, column: number, indent: number): string {
  const { value } = node;
  if (typeof value === 'string') return yamlString(value, { column, indent, isKey: false });
  return typeof value === 'object' && value !== null ? yamlNumber(value.number) : String(value);
}

function sortedMembers<T>(members: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return [...new Map(members)].toSorted(([a], [b]) => compareKeys(Array.from(a), Array.from(b)));
}

/**
 * The order of keys of go.yaml.in/yaml/v2 (sorter.go): letters after other characters, and runs of digits by their number.
 */
function compareKeys(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const [left = '', right = ''] = [a[at], b[at]];
    if (left === right) continue;
    const [leftIsLetter, rightIsLetter] = [isLetter(left), isLetter(right)];
    if (leftIsLetter && rightIsLetter) return codePoint(left) - codePoint(right);
    if (leftIsLetter || rightIsLetter) return rightIsLetter ? -1 : 1;
    return compareDigits(a, b, at);
  }
  return a.length - b.length;
}

function compareDigits(a: readonly string[], b: readonly string[], at: number): number {
  const start = leadsNumber(a, b, at) ? 1n : 0n;
  const [left, right] = [digitRun(a, at, start), digitRun(b, at, start)];
  if (left.value !== right.value) return left.value < right.value ? -1 : 1;
  if (left.end !== right.end) return left.end - right.end;
  return codePoint(a[at] ?? '') - codePoint(b[at] ?? '');
}

/** Whether one of the characters is a zero that continues a number of both. */
function leadsNumber(a: readonly string[], b: readonly string[], at: number): boolean {
  if (a[at] !== '0' && b[at] !== '0') return false;
  for (let before = at - 1; before >= 0 && isDigit(a[before]); before--) if (a[before] !== '0') return true;
  return false;
}

function digitRun(text: readonly string[], from: number, start: bigint): { value: bigint; end: number } {
  let value = start;
  let end = from;
  for (; isDigit(text[end]); end++) value = value * 10n + BigInt(text[end] ?? 0);
  return { value, end };
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && /^[0-9]$/.test(character);
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

function codePoint(character: string): number {
  return character.codePointAt(0) ?? 0;
}
