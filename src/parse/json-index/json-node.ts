/**
 * Values of a JSON document, parsed or still bytes. In: a parsed value, or a span of the bytes. Out: what lies below it, read when it is
 * asked for; both ways give the same values at the same JSON pointers.
 */
import { Cursor, memberOfValue } from '../../model/json.ts';
import { skipValue } from './byte-scan.ts';
import { spansByLayout } from './line-layout.ts';
import { BatchReader, elementValues, listedValues, parseSpan } from './passing-values.ts';
import { printedMembers } from './printed-members.ts';
import type { ElementPlace, NamedMember, NamedShape } from './printed-members.ts';
import { indexSpans, leaf, memberOf } from './span-tree.ts';
import type { IndexDepth, Span } from './span-tree.ts';

/** What is listed of a closed value that somebody walks into: its members, and of these the names. */
const INNER: IndexDepth = {
  levels: 2,
  innermostKeys: ['name', 'cluster_name', 'clusterName', '@type'].map((key) => Buffer.from(key)),
};

/** What the layout of the lines tells at a time: members or elements, of which each is left closed. */
export const LAYOUT_LEVELS = 1;
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
  /**
   * Of a large array, the members of its elements by the name that each has; undefined: it is not printed so that they are found without
   * a look at all else.
   */
  namedMembers(shape: NamedShape): NamedMembers | undefined;
  /** The values of the elements, one after the other, without keeping them. */
  passingElements(wish: PassingElements): Iterable<unknown>;
  /** The first bytes of the value as they stand, or all of them, one character each; undefined: only the value is known. */
  head(bytes?: number): string | undefined;
  /** The value of a string, without making a cursor of it. */
  text(): string | undefined;
  /** The value, parsed. Its `value` is undefined when the text of the value is no JSON. */
  cursor(): Cursor;
}

/** Elements of an array, by the names of their members. */
export interface NamedMembers {
  /** One for each name. */
  readonly members: readonly NamedMember[];
  readonly node: (member: NamedMember) => JsonNode;
  /** Elements that have none which is found so. */
  readonly others: readonly JsonNode[];
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

/** A value that is parsed. */
export class ParsedNode implements JsonNode {
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
    const value = memberOfValue(this.#cursor.value, key);
    return value === undefined ? undefined : new ParsedNode(this.#cursor.child(key, value));
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

  namedMembers(): undefined {
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

type Place = readonly [SpanNode, string | number] | (() => string);

/** A value of which only the place is known. */
export class SpanNode implements JsonNode {
  readonly #artefact: string;
  readonly #bytes: Buffer;
  #span: Span;
  /** Whether the lines tell where values end. */
  readonly #layout: boolean;
  /** The parent and the key below it, or what tells the pointer. */
  readonly #place: Place;
  #cursor: Cursor | undefined;

  constructor(artefact: string, bytes: Buffer, span: Span, place: Place, layout: boolean) {
    this.#layout = layout;
    this.#artefact = artefact;
    this.#bytes = bytes;
    this.#span = span;
    this.#place = place;
  }

  get pointer(): string {
    if (typeof this.#place === 'function') return this.#place();
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
    const whole = this.cursor();
    if (!whole.exists) return this.#listAll().member(key);
    const value = whole.at(key);
    return value.value === undefined ? undefined : new ParsedNode(value);
  }

  /** Lists the members of an object that is no JSON as a whole: most of them may be. */
  #listAll(): this {
    this.#span = indexSpans(this.#bytes, this.#span.start, { levels: 1, innermostKeys: null });
    return this;
  }

  keys(): readonly string[] {
    const { members, selected } = this.#expanded();
    if (members === null) return [];
    if (!selected) return [...new Set(members.keys)];
    const whole = this.cursor();
    return whole.exists ? new ParsedNode(whole).keys() : this.#listAll().keys();
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

  namedMembers(shape: NamedShape): NamedMembers | undefined {
    const { kind, broken } = this.#span;
    if (!this.#layout || kind !== 'array' || broken !== null) return undefined;
    const places = printedMembers(this.#bytes, this.#span, shape);
    if (places === undefined) return undefined;
    const node = ({ place }: NamedMember): JsonNode => this.#below(place, shape.member);
    return { members: places.members, node, others: places.others.map((place) => this.#below(place)) };
  }

  /** An element, or one of its members, which ends where it is said to end. */
  #below({ index, start, end }: ElementPlace, member?: string): SpanNode {
    const pointer = (): string => {
      const element = new Cursor(this.#artefact, this.pointer, undefined).at(index);
      return (member === undefined ? element : element.at(member)).pointer;
    };
    return new SpanNode(this.#artefact, this.#bytes, leaf('object', start, end), pointer, true);
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

  head(bytes = Number.POSITIVE_INFINITY): string {
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
    const value = parseSpan(this.#bytes, this.#span, !this.#layout);
    if (value !== undefined || !this.#layout || this.#span.broken !== null) return value;
    // More than one value may stand where the lines tell of one.
    const end = skipValue(this.#bytes, this.#span.start);
    return end < 0 ? undefined : parseSpan(this.#bytes, { ...this.#span, end });
  }
}
