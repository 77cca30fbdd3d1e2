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
import { skipSpace, skipValue, TOO_DEEP } from './byte-scan.ts';
import { indexSpans, memberOf } from './span-tree.ts';
import type { IndexDepth, Members, Span } from './span-tree.ts';

/** Below this size JSON.parse of the whole costs less than an index would save. */
export const PARSE_WHOLE_BYTES = 20 * 1024 * 1024;

/** V8's limit on the length of a string (2^29 - 24); a longer slice cannot be parsed. */
const STRING_LIMIT = 0x1fffffe8;

/** What the index lists: down to the resources of a config_dump (`{configs:[{clusters:[{cluster:{`), and of these the names. */
const INDEX_DEPTH: IndexDepth = { levels: 6, innermostKeys: ['name', 'cluster_name', 'clusterName', '@type'] };

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
  /** The value, parsed. Its `value` is undefined when the text of the value is no JSON. */
  cursor(): Cursor;
}

export interface JsonDocument {
  /** null: the text is no JSON object or array at all. */
  readonly root: JsonNode | null;
  /** Whether the whole text was understood. */
  readonly whole: boolean;
  readonly gaps: readonly Gap[];
}

/** Reads an artefact as JSON. `parseWholeBytes` is a parameter so that tests can force either way. */
export function readJson(artefact: Artefact, parseWholeBytes = PARSE_WHOLE_BYTES): JsonDocument {
  const { bytes } = artefact;
  const start = skipSpace(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
  const first = bytes[start];
  if (first !== 0x7b && first !== 0x5b) return { root: null, whole: false, gaps: [notJson(artefact, start)] };
  if (bytes.length > parseWholeBytes || skipValue(bytes, start) === TOO_DEEP) return readIndexed(artefact, start);
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', start));
    return { root: new ParsedNode(new Cursor(artefact.name, '', value)), whole: true, gaps: [] };
  } catch (error) {
    // The index tells where the text breaks, and reads what is complete; it does not look inside values.
    const document = readIndexed(artefact, start);
    if (!document.whole) return document;
    const problem = `some value inside is no JSON: ${gapRaw(String(error))}`;
    return { ...document, whole: false, gaps: [{ kind: 'unreadable', artefact: artefact.name, problem }] };
  }
}

function readIndexed(artefact: Artefact, start: number): JsonDocument {
  const { bytes } = artefact;
  const span = indexSpans(bytes, start, INDEX_DEPTH);
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
  return { root: new SpanNode(artefact.name, bytes, span, ''), whole: gaps.length === 0, gaps };
}

function notJson(artefact: Artefact, start: number): Gap {
  const empty = start >= artefact.bytes.length;
  return {
    kind: 'unreadable',
    artefact: artefact.name,
    ...(empty ? {} : { raw: gapRaw(artefact.bytes.toString('utf8', start, start + 800).trimEnd()) }),
    problem: empty ? 'the file is empty' : 'this is text, not a JSON document',
  };
}

/** Names the innermost listed value in which the text breaks. */
function brokenGap(artefact: Artefact, root: Span): Gap {
  let span = root;
  let cursor = new Cursor(artefact.name, '', undefined);
  for (;;) {
    const child: [string | number, Span] | undefined =
      span.members !== null
        ? brokenMember(span.members)
        : span.elements?.at(-1)?.broken
          ? [span.elements.length - 1, span.elements.at(-1)!]
          : undefined;
    if (child === undefined) break;
    cursor = cursor.at(child[0]);
    span = child[1];
  }
  const problem =
    span.broken === 'truncated'
      ? 'the text ends inside this value: the file was cut off'
      : span.broken === 'too-deep'
        ? 'the value is nested too deeply'
        : 'the text is no JSON from here on';
  const at = span.broken === 'malformed' ? span.end : span.start;
  return {
    kind: span.broken === 'too-deep' ? 'too-large' : 'unreadable',
    artefact: artefact.name,
    pointer: cursor.pointer,
    raw: gapRaw(artefact.bytes.toString('utf8', at, at + 250)),
    problem,
    ...(span.broken === 'truncated' ? { remedy: 'capture the file again, whole' } : {}),
  };
}

/** A member that is not whole is the last: the text breaks there. */
function brokenMember({ keys, values }: Members): [string, Span] | undefined {
  const last = values.at(-1);
  return last !== undefined && last.broken !== null ? [keys.at(-1)!, last] : undefined;
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
    return this.#cursor.isObject() ? Object.keys(this.#cursor.value as object) : [];
  }

  elements(): readonly JsonNode[] {
    return this.#cursor.items().map((item) => new ParsedNode(item));
  }

  cursor(): Cursor {
    return this.#cursor;
  }
}

class SpanNode implements JsonNode {
  readonly #artefact: string;
  readonly #bytes: Buffer;
  readonly #span: Span;
  /** Pointer of the parent and the key below it, or the pointer itself. */
  readonly #place: readonly [SpanNode, string | number] | string;
  #cursor: Cursor | undefined;

  constructor(artefact: string, bytes: Buffer, span: Span, place: readonly [SpanNode, string | number] | string) {
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
    if (this.#span.kind !== 'object') return undefined;
    const span = this.#span.members === null ? undefined : memberOf(this.#span.members, key);
    if (span !== undefined) return new SpanNode(this.#artefact, this.#bytes, span, [this, key]);
    if (this.#span.members !== null && !this.#span.selected) return undefined;
    const value = this.cursor().at(key);
    return value.value === undefined ? undefined : new ParsedNode(value);
  }

  keys(): readonly string[] {
    if (this.#span.members !== null && !this.#span.selected) return [...new Set(this.#span.members.keys)];
    return this.#span.kind === 'object' ? new ParsedNode(this.cursor()).keys() : [];
  }

  elements(): readonly JsonNode[] {
    if (this.#span.elements === null)
      return this.#span.kind === 'array' ? new ParsedNode(this.cursor()).elements() : [];
    return this.#span.elements.map((span, index) => new SpanNode(this.#artefact, this.#bytes, span, [this, index]));
  }

  cursor(): Cursor {
    this.#cursor ??= new Cursor(this.#artefact, this.pointer, this.#parse());
    return this.#cursor;
  }

  #parse(): unknown {
    const { start, end, broken } = this.#span;
    if (broken !== null || end - start > STRING_LIMIT) return undefined;
    try {
      return JSON.parse(this.#bytes.toString('utf8', start, end)) as unknown;
    } catch {
      return undefined;
    }
  }
}
