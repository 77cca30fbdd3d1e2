import type { Artefact } from '../../model/artefact.ts';
import { Cursor, Reread } from '../../model/json.ts';
import { CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json-index/byte-scan.ts';
import { skipSpace, skipString, skipValue } from '../json-index/byte-scan.ts';

const SPACE = 0x20;

/** From this size on reading single items costs less than parsing all of them. */
const INDEXED_BYTES = 2 * 1024 * 1024;

/** What may stand before the items of a List, and after them: its kind, its version and its metadata. */
const ENVELOPE_BYTES = 64 * 1024;

/** How an item begins that the API server wrote: in no string can these bytes stand, because their quotes would be escaped. */
const COMPACT_ITEM = '{"metadata":{"name":"';

/** Items that are kept parsed, for somebody who looks at a few in turn. */
const MOST_RECENT = 32;

/** Searches through a large List, each as long as a text takes to be found in it, before all of it is read instead. */
const SEARCHES = 24;

/** How much text a search for all addresses looks at at a time. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const QUOTED_IPV4 = /"(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})"/g;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/**
 * A large List as the API server or kubectl prints it, of which only the items are parsed that somebody asks for. What stands in
 * an item that nobody asks for is not judged.
 */
export class IndexedList {
  readonly #artefact: Artefact;
  /** Where each item begins. */
  readonly #starts: readonly number[];
  /** Bytes between two items. */
  readonly #gap: number;
  /** Where the last item ends. */
  readonly #end: number;
  #addresses: ReadonlyMap<string, readonly number[]> | undefined;
  #searches = 0;
  readonly #recent = new Map<number, unknown>();
  #last: { readonly index: number; readonly value: unknown } | undefined;

  constructor(artefact: Artefact, starts: readonly number[], gap: number, end: number) {
    this.#artefact = artefact;
    this.#starts = starts;
    this.#gap = gap;
    this.#end = end;
  }

  get size(): number {
    return this.#starts.length;
  }

  /**
   * The item, parsed.
   * @param held whether the cursor holds what was parsed; else it is parsed when somebody asks, and again when others were in between
   * @throws SyntaxError when its text is no JSON; from the cursor unless it holds the item
   */
  item(index: number, held: boolean): Cursor {
    const value = held ? this.#parse(index) : new Reread(() => this.#again(index));
    return new Cursor(this.#artefact.name, `/items/${index}`, value);
  }

  #parse(index: number): unknown {
    return JSON.parse(this.#artefact.bytes.toString('utf8', this.#starts[index], this.#endOf(index)));
  }

  #again(index: number): unknown {
    if (this.#last?.index === index) return this.#last.value;
    const value = this.#recent.get(index) ?? this.#parse(index);
    this.#last = { index, value };
    if (this.#recent.size >= MOST_RECENT) this.#recent.clear();
    this.#recent.set(index, value);
    return value;
  }

  /**
   * Items in whose text a string value stands as JSON.stringify writes it, and perhaps others. An IPv6 address has several spellings.
   * @param key of which member it has to be the value; undefined: of any, or an element of a list
   * @returns undefined when all of them have to be looked at
   */
  having(text: string, key?: 'name'): readonly number[] | undefined {
    if (text.includes(':')) return undefined;
    if (IPV4.test(text)) {
      this.#addresses ??= this.#indexAddresses();
      return this.#addresses.get(text) ?? [];
    }
    this.#searches += 1;
    return this.#searches > SEARCHES
      ? undefined
      : this.#search(JSON.stringify(text), key === undefined ? '' : `"${key}"`);
  }

  #search(needle: string, key: string): number[] {
    const found: number[] = [];
    let index = 0;
    let hit = this.#find(needle, this.#starts[0] ?? this.#end);
    while (hit >= 0 && hit < this.#end) {
      const wanted = key === '' || this.#isValueOf(key, hit);
      if (wanted) {
        index = this.#itemAt(hit, index);
        found.push(index);
      }
      hit = this.#find(needle, wanted ? this.#endOf(index) : hit + needle.length - 1);
    }
    return found;
  }

  /** Where a JSON string stands next. Its first quote is looked at last: a search stops at each byte like the first one it seeks. */
  #find(needle: string, from: number): number {
    const { bytes } = this.#artefact;
    const rest = needle.slice(1);
    let hit = bytes.indexOf(rest, from + 1);
    while (hit > 0 && bytes[hit - 1] !== QUOTE) hit = bytes.indexOf(rest, hit + 1);
    return hit - 1;
  }

  #isValueOf(key: string, place: number): boolean {
    const { bytes } = this.#artefact;
    let at = place - 1;
    while (bytes[at] === SPACE) at -= 1;
    return bytes[at] === COLON && bytes.toString('latin1', at - key.length, at) === key;
  }

  /** The item at a place, looked for from another one on. */
  #itemAt(place: number, from: number): number {
    let low = from;
    let high = this.size;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= place) low = middle;
      else high = middle;
    }
    return low;
  }

  #indexAddresses(): ReadonlyMap<string, readonly number[]> {
    const found = new Map<string, number[]>();
    for (let first = 0; first < this.size;) {
      const start = this.#starts[first] ?? 0;
      const last = Math.max(first, this.#itemAt(start + WINDOW_BYTES, first));
      const window = this.#artefact.bytes.toString('latin1', start, this.#endOf(last));
      let index = first;
      for (const match of window.matchAll(QUOTED_IPV4)) {
        while (start + match.index >= (this.#starts[index + 1] ?? this.#end)) index += 1;
        const [, address = ''] = match;
        const items = found.get(address);
        if (items === undefined) found.set(address, [index]);
        else if (items.at(-1) !== index) items.push(index);
      }
      first = last + 1;
    }
    return found;
  }

  #endOf(index: number): number {
    const next = this.#starts[index + 1];
    return next === undefined ? this.#end : next - this.#gap;
  }
}

/** What a List says of itself, and its items. */
export interface OpenedList {
  /** The List without its items. */
  readonly envelope: unknown;
  readonly list: IndexedList;
}

/**
 * Indexes a large List that is printed as the API server prints (one line), or one that is indented. What the index relies on is
 * verified: a List that is printed otherwise, or whose end is missing, is not indexed.
 */
export function indexList(artefact: Artefact, least = INDEXED_BYTES): OpenedList | undefined {
  const { bytes } = artefact;
  if (bytes.length < least) return undefined;
  const open = findItems(bytes);
  if (open < 0) return undefined;
  const first = skipSpace(bytes, open + 1);
  const margin = bytes.toString('latin1', open + 1, first);
  const item = margin.includes('\n') ? '{' : COMPACT_ITEM;
  if (bytes.toString('latin1', first, first + item.length) !== item) return undefined;
  const separator = `,${margin}${item}`;
  const gap = margin.length + 1;
  const starts = [first];
  for (let hit = bytes.indexOf(separator, first); hit >= 0; hit = bytes.indexOf(separator, hit + separator.length)) {
    starts.push(hit + gap);
  }
  const end = skipValue(bytes, starts.at(-1) ?? first);
  const close = end < 0 ? -1 : skipSpace(bytes, end);
  if (bytes[close] !== CLOSE_BRACKET || bytes.length - close > ENVELOPE_BYTES) return undefined;
  const envelope = parsed(bytes.toString('utf8', 0, open + 1) + bytes.toString('utf8', close));
  return envelope === undefined ? undefined : { envelope, list: new IndexedList(artefact, starts, gap, end) };
}

/** Where the list of items of the outermost object opens; -1: nowhere near. */
function findItems(bytes: Buffer): number {
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return -1;
  at = skipSpace(bytes, at + 1);
  while (bytes[at] === QUOTE && at < ENVELOPE_BYTES) {
    const end = skipString(bytes, at);
    const colon = end < 0 ? -1 : skipSpace(bytes, end);
    if (bytes[colon] !== COLON) return -1;
    const value = skipSpace(bytes, colon + 1);
    if (bytes.toString('latin1', at, end) === '"items"') return bytes[value] === OPEN_BRACKET ? value : -1;
    const after = skipSpace(bytes, skipValue(bytes, value));
    if (after < value || bytes[after] !== COMMA) return -1;
    at = skipSpace(bytes, after + 1);
  }
  return -1;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
