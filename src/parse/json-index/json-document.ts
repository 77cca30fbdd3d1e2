/**
 * Reads a JSON artefact so that a caller can walk its outer levels and read single parts.
 *
 * In: an artefact of any size. Out: its root as a `JsonNode`, and gaps for what is not whole. A document of up to
 * PARSE_WHOLE_BYTES goes through JSON.parse; a larger one, or one that JSON.parse refuses, is indexed by bytes and only the parts
 * that are asked for are parsed. Both ways give the same values at the same JSON pointers. It must not throw, and must not know
 * what the document means.
 */
import { gapRaw } from '../../model/artefact.ts';
import type { Artefact, Gap } from '../../model/artefact.ts';
import { Cursor } from '../../model/json.ts';
import { OPEN_BRACKET, skipSpace, skipValue, TOO_DEEP } from './byte-scan.ts';
import { spansByLayout } from './line-layout.ts';
import { BatchReader, elementValues, listedValues, parseSpan } from './passing-values.ts';
import { indexSpans, memberOf } from './span-tree.ts';
import type { IndexDepth, Span } from './span-tree.ts';

/** Below this size JSON.parse of the whole costs less than an index would save. */
export const PARSE_WHOLE_BYTES = 20 * 1024 * 1024;

/** What the first scan lists: down to the arrays of a config_dump (`{configs:[{clusters:[`), whose elements are left closed. */
const OUTER: IndexDepth = { levels: 4, innermostKeys: null };
/** What is listed of a closed value that somebody walks into: its members, and of these the names. */
const INNER: IndexDepth = {
  levels: 2,
  innermostKeys: ['name', 'cluster_name', 'clusterName', '@type'].map((key) => Buffer.from(key)),
};

/** What the layout of the lines tells at a time: members or elements, of which each is left closed. */
const LAYOUT_LEVELS = 1;
/** From here on a search for the end of a value costs less than a look at its bytes. */
const LAYOUT_BYTES = 64 * 1024;

/** A value of the document. What lies below it is read when asked for. */
export interface JsonNode {
  readonly pointer: string;
  readonly kind: 'object' | 'array' | 'scalar';
  /** Whether the text holds the value to its end. */
  readonly whole: boolean;
  /** A member of an object; undefined when there is none. */
  member(key: string): JsonNode | undefined;
  /** Names of an object's members. */
  keys(): readonly string[];
  elements(): readonly JsonNode[];
  /**
   * Of a large array, the elements in whose text the string stands as JSON.stringify writes it; others may still hold it, spelled
   * with other escapes. undefined: searching gains nothing over looking at all elements.
   */
  elementsWith(text: string): readonly JsonNode[] | undefined;
  /** The values of the elements, one after the other, without keeping them. */
  passingElements(wish: PassingElements): Iterable<unknown>;
  /** The first bytes of the value as they stand, one character each; undefined: only the value is known. */
  head(bytes: number): string | undefined;
  /** The value of a string, without making a cursor of it. */
  text(): string | undefined;
  /** The value, parsed. Its `value` is undefined when the text of the value is no JSON. */
  cursor(): Cursor;
}

/** Which elements of an array are read, and what of them. */
export interface PassingElements {
  /** Characters that must stand in the text of an element of a large array; elements without need not be given. null: any. */
  readonly holding: string | null;
  /** Members that may be given empty, at any depth, as they begin when they are printed: `stats": [`, `metadata": {`. */
  readonly without: readonly string[];
  /** Is told the pointer of each element whose text is no JSON, in place of its value. */
  readonly broken: (pointer: string) => void;
}

export interface JsonDocument {
  /** null: the text is no JSON object or array at all. */
  readonly root: JsonNode | null;
  /** Whether the whole text was understood. */
  readonly whole: boolean;
  readonly gaps: readonly Gap[];
}

/**
 * Reads an artefact as JSON.
 * @param parseWholeBytes up to this size the whole is parsed at once
 * @param outer what the first scan of a larger one lists; `layout`: trust the lines of one that is printed as Envoy prints, which
 *   finds no fault in values that nobody reads
 */
export function readJson(
  artefact: Artefact,
  parseWholeBytes = PARSE_WHOLE_BYTES,
  outer: IndexDepth | 'layout' = OUTER,
): JsonDocument {
  const { bytes } = artefact;
  const start = skipSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  const first = bytes[start];
  if (first !== 0x7b && first !== 0x5b) return { root: null, whole: false, gaps: [notJson(artefact, start)] };
  if (bytes.length > parseWholeBytes || skipValue(bytes, start) === TOO_DEEP)
    return readIndexed(artefact, start, outer);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', start));
    return { root: new ParsedNode(new Cursor(artefact.name, '', value)), whole: true, gaps: [] };
  } catch (error) {
    // The index tells where the text breaks, and reads what is complete; it does not look inside values.
    const document = readIndexed(artefact, start, outer);
    if (!document.whole) return document;
    const problem = `some value inside is no JSON: ${gapRaw(String(error))}`;
    return { ...document, whole: false, gaps: [{ kind: 'unreadable', artefact: artefact.name, problem }] };
  }
}

/**
 * A part of a document that is printed with one member or element a line, indented by its depth.
 * @param bytes from the beginning of its first line to its last bracket
 * @param pointer of the part in the document
 */
export function printedPart(artefact: string, bytes: Buffer, pointer: string): JsonNode {
  const start = skipSpace(bytes, 0);
  const { length: end } = bytes;
  const kind = bytes[start] === OPEN_BRACKET ? 'array' : 'object';
  const span: Span = { start, end, kind, broken: null, members: null, selected: false, elements: null };
  return new SpanNode(artefact, bytes, span, pointer, true);
}

function readIndexed(artefact: Artefact, start: number, outer: IndexDepth | 'layout'): JsonDocument {
  const { bytes } = artefact;
  const byLayout = outer === 'layout' ? spansByLayout(bytes, start, LAYOUT_LEVELS, null) : null;
  const span = byLayout ?? indexSpans(bytes, start, outer === 'layout' ? OUTER : outer);
  const gaps: Gap[] = [];
  if (span.broken !== null) gaps.push(brokenGap(artefact, span));
  else if (skipSpace(bytes, span.end) < bytes.length) {
    gaps.push({
      kind: 'unreadable',
      artefact: artefact.name,
      raw: gapRaw(bytes.toString('utf8', span.end, span.end + 250).trimStart()),
      problem: 'text follows the end of the JSON document',
    });
  }
  return { root: new SpanNode(artefact.name, bytes, span, '', byLayout !== null), whole: gaps.length === 0, gaps };
}

function notJson(artefact: Artefact, start: number): Gap {
  const empty = start >= artefact.bytes.length;
  const isBinary = artefact.bytes.subarray(0, 800).includes(0);
  return {
    kind: 'unreadable',
    artefact: artefact.name,
    ...(empty || isBinary ? {} : { raw: gapRaw(artefact.bytes.toString('utf8', start, start + 800).trimEnd()) }),
    problem: empty
      ? 'the file is empty'
      : isBinary
        ? 'this is binary data, not a JSON document'
        : 'this is text, not a JSON document',
  };
}

const BROKEN: Readonly<Record<NonNullable<Span['broken']>, string>> = {
  truncated: 'the text ends inside this value: the file was cut off',
  'too-deep': 'the value is nested too deeply',
  'too-many': 'the document holds more values than are read',
  malformed: 'the text is no JSON from here on',
};

/** Names the innermost listed value in which the text breaks; in each container that is its last one. */
function brokenGap(artefact: Artefact, root: Span): Gap {
  let span = root;
  let cursor = new Cursor(artefact.name, '', undefined);
  for (;;) {
    const { members, elements } = span;
    const last = (members?.values ?? elements ?? []).at(-1);
    if (last === undefined || last.broken === null) break;
    cursor = cursor.at(members?.keys.at(-1) ?? (elements?.length ?? 1) - 1);
    span = last;
  }
  const broken = span.broken ?? 'malformed';
  const at = broken === 'malformed' ? span.end : span.start;
  return {
    kind: broken === 'too-deep' || broken === 'too-many' ? 'too-large' : 'unreadable',
    artefact: artefact.name,
    pointer: cursor.pointer,
    raw: gapRaw(artefact.bytes.toString('utf8', at, at + 250)),
    problem: BROKEN[broken],
    ...(broken === 'truncated' ? { remedy: 'capture the file again, whole' } : {}),
  };
}

class ParsedNode implements JsonNode {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  get pointer(): string {
    return this.#cursor.pointer;
  }

  get whole(): boolean {
    return true;
  }

  get kind(): JsonNode['kind'] {
    if (Array.isArray(this.#cursor.value)) return 'array';
    return this.#cursor.isObject() ? 'object' : 'scalar';
  }

  member(key: string): JsonNode | undefined {
    const value = this.#cursor.at(key);
    return value.value === undefined ? undefined : new ParsedNode(value);
  }

  keys(): readonly string[] {
    return this.#cursor.entries().map(([key]) => key);
  }

  elements(): readonly JsonNode[] {
    return this.#cursor.items().map((item) => new ParsedNode(item));
  }

  elementsWith(): undefined {
    return undefined;
  }

  *passingElements(): Generator {
    for (const item of this.#cursor.items()) yield item.value;
  }

  head(): undefined {
    return undefined;
  }

  text(): string | undefined {
    return this.#cursor.string();
  }

  cursor(): Cursor {
    return this.#cursor;
  }
}

class SpanNode implements JsonNode {
  readonly #artefact: string;
  readonly #bytes: Buffer;
  #span: Span;
  /** Whether the lines tell where values end. */
  readonly #layout: boolean;
  /** Pointer of the parent and the key below it, or the pointer itself. */
  readonly #place: readonly [SpanNode, string | number] | string;
  #cursor: Cursor | undefined;

  constructor(
    artefact: string,
    bytes: Buffer,
    span: Span,
    place: readonly [SpanNode, string | number] | string,
    layout: boolean,
  ) {
    this.#layout = layout;
    this.#artefact = artefact;
    this.#bytes = bytes;
    this.#span = span;
    this.#place = place;
  }

  get pointer(): string {
    if (typeof this.#place === 'string') return this.#place;
    const [parent, key] = this.#place;
    return new Cursor(this.#artefact, parent.pointer, undefined).at(key).pointer;
  }

  get kind(): JsonNode['kind'] {
    return this.#span.kind;
  }

  get whole(): boolean {
    return this.#span.broken === null;
  }

  member(key: string): JsonNode | undefined {
    const { members, selected } = this.#expanded();
    if (members === null) return undefined;
    const span = memberOf(members, key);
    if (span !== undefined) return new SpanNode(this.#artefact, this.#bytes, span, [this, key], this.#layout);
    if (!selected) return undefined;
    const value = this.cursor().at(key);
    return value.value === undefined ? undefined : new ParsedNode(value);
  }

  keys(): readonly string[] {
    const { members, selected } = this.#expanded();
    if (members === null) return [];
    return selected ? new ParsedNode(this.cursor()).keys() : [...new Set(members.keys)];
  }

  elements(): readonly JsonNode[] {
    const { elements } = this.#expanded();
    return (elements ?? []).map(
      (span, index) => new SpanNode(this.#artefact, this.#bytes, span, [this, index], this.#layout),
    );
  }

  elementsWith(text: string): readonly JsonNode[] | undefined {
    const { elements } = this.#expanded();
    if (elements === null) return undefined;
    return this.#holding(elements, JSON.stringify(text)).map(
      (index) => new SpanNode(this.#artefact, this.#bytes, elements[index] ?? this.#span, [this, index], this.#layout),
    );
  }

  *passingElements({ holding, without, broken }: PassingElements): Generator {
    const reader = new BatchReader(this.#layout ? without : []);
    const isPrinted = this.#layout && this.#span.kind === 'array' && this.#span.broken === null;
    const read = isPrinted ? yield* listedValues(this.#bytes, this.#span, holding, reader) : 0;
    if (read === null) return;
    const { elements } = this.#expanded();
    if (elements === null) return;
    const found =
      holding === null ? elements : this.#holding(elements, holding).flatMap((index) => elements[index] ?? []);
    yield* elementValues(this.#bytes, found.slice(read), reader, (span) =>
      broken(new Cursor(this.#artefact, this.pointer, undefined).at(elements.indexOf(span)).pointer),
    );
  }

  /** Indices of the elements in whose text the characters stand. */
  #holding(elements: readonly Span[], characters: string): readonly number[] {
    const bytes = this.#bytes.subarray(0, this.#span.end);
    const needle = Buffer.from(characters);
    const found: number[] = [];
    let index = 0;
    for (let hit = bytes.indexOf(needle, this.#span.start); hit >= 0; hit = bytes.indexOf(needle, hit)) {
      while ((elements[index]?.end ?? Number.POSITIVE_INFINITY) <= hit) index++;
      const span = elements[index];
      if (span === undefined) break;
      if (span.start <= hit) found.push(index);
      hit = Math.max(hit + 1, span.end);
    }
    return found;
  }

  /** Lists what lies in a value that the scan so far left closed. */
  #expanded(): Span {
    const closed = this.#span.kind !== 'scalar' && this.#span.members === null && this.#span.elements === null;
    if (closed && this.#span.broken === null) {
      const { start, end } = this.#span;
      const byLayout =
        !this.#layout || end - start < LAYOUT_BYTES ? null : spansByLayout(this.#bytes, start, LAYOUT_LEVELS, end);
      this.#span = byLayout ?? indexSpans(this.#bytes, start, INNER);
    }
    return this.#span;
  }

  head(bytes: number): string {
    const { start, end } = this.#span;
    return this.#bytes.toString('latin1', start, Math.min(end, start + bytes));
  }

  text(): string | undefined {
    const value = this.#span.kind === 'scalar' ? this.#parse() : undefined;
    return typeof value === 'string' ? value : undefined;
  }

  cursor(): Cursor {
    this.#cursor ??= new Cursor(this.#artefact, this.pointer, this.#parse());
    return this.#cursor;
  }

  #parse(): unknown {
    const value = parseSpan(this.#bytes, this.#span);
    if (value !== undefined || !this.#layout || this.#span.broken !== null) return value;
    // More than one value may stand where the lines tell of one.
    const end = skipValue(this.#bytes, this.#span.start);
    return end < 0 ? undefined : parseSpan(this.#bytes, { ...this.#span, end });
  }
}
