/**
 * Finds an element of a set in its text, as nft prints it (src/json.c, set_print_json, expr_print_json). In: the text of a set with thousands of
 * elements. Out: the declaration, and the one element that somebody looks for. Every element is looked at, and none is made: where
 * one is not of plain addresses, protocols, ports and verdicts, the set is to be read as a whole.
 */

/** A set's object without its elements, and the text between their brackets. */
export interface PrintedSet {
  readonly declaration: unknown;
  readonly elements: string;
}

const ELEMENTS = ', "elem": [';
const END = ']}}';

/**
 * @param text of the object, a character for each byte
 * @returns undefined when it has no elements, or they are not the last that it has
 */
export function cutElements(text: string): PrintedSet | undefined {
  const at = text.indexOf(ELEMENTS);
  if (at < 0 || !text.endsWith(END)) return undefined;
  try {
    const declaration: unknown = JSON.parse(`${text.slice(0, at)}}}`);
    return { declaration, elements: text.slice(at + ELEMENTS.length, -END.length) };
  } catch {
    return undefined;
  }
}

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
/** How nft prints a value, by its type. */
const VALUES: ReadonlyMap<string, string> = new Map([
  ['ipv4_addr', `"${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}"`],
  ['inet_proto', '"(?:tcp|udp|sctp)"'],
  ['inet_service', '(?:0|[1-9][0-9]{0,4})'],
]);
const VERDICT =
  '\\{"(?:(?:goto|jump)": \\{"target": "[ !#-[\\]-~]{1,512}"\\}|(?:accept|drop|continue|return)": null)\\}';
const SEPARATOR = ', ';

/**
 * @param types of the key
 * @param data types of a map's data; null for a set
 * @returns what finds an element by the parts of its key; undefined when an element is not printed with plain values
 */
export function elementFinder(
  elements: string,
  types: readonly string[],
  data: readonly string[] | null,
): ((parts: readonly string[]) => unknown) | undefined {
  const key = keyPattern(types);
  if (key === undefined || (data !== null && (data.length !== 1 || data[0] !== 'verdict'))) return undefined;
  const element = new RegExp(data === null ? key : `\\[${key}, ${VERDICT}\\]`, 'y');
  if (!allAre(element, elements)) return undefined;
  return (parts) => {
    const written = `${data === null ? '' : '['}${writtenKey(parts, types)}`;
    // A key begins and ends with a quote or a brace, so that it is no part of another one, and no name holds a quote.
    const at = elements.indexOf(written);
    if (at < 0) return undefined;
    element.lastIndex = at;
    const [found] = element.exec(elements) ?? [];
    const item: unknown = found === undefined ? undefined : JSON.parse(found);
    return item;
  };
}

/** @returns undefined when values of a type are written in several ways, or a key could be a part of another */
function keyPattern(types: readonly string[]): string | undefined {
  const values = types.flatMap((type) => VALUES.get(type) ?? []);
  if (values.length !== types.length || types.length === 0) return undefined;
  if (types.length > 1) return `\\{"concat": \\[${values.join(SEPARATOR)}\\]\\}`;
  return types[0] === 'inet_service' ? undefined : values[0];
}

function writtenKey(parts: readonly string[], types: readonly string[]): string {
  const written = parts.map((part, index) => (types[index] === 'inet_service' ? part : `"${part}"`));
  return types.length > 1 ? `{"concat": [${written.join(SEPARATOR)}]}` : (written[0] ?? '');
}

function allAre(element: RegExp, elements: string): boolean {
  element.lastIndex = 0;
  while (element.test(elements)) {
    const { lastIndex } = element;
    if (lastIndex === elements.length) return true;
    if (!elements.startsWith(SEPARATOR, lastIndex)) return false;
    element.lastIndex = lastIndex + SEPARATOR.length;
  }
  return false;
}
