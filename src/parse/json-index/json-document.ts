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
import { OPEN_BRACKET, skipSpace } from './byte-scan.ts';
import { LAYOUT_LEVELS, ParsedNode, SpanNode } from './json-node.ts';
import type { JsonNode } from './json-node.ts';
import { spansByLayout } from './line-layout.ts';
import { isTooDeep } from './nesting.ts';
import { indexSpans, leaf } from './span-tree.ts';
import type { IndexDepth, Span } from './span-tree.ts';

/** Below this size JSON.parse of the whole costs less than an index would save. */
export const PARSE_WHOLE_BYTES = 20 * 1024 * 1024;

/** What the first scan lists: down to the arrays of a config_dump (`{configs:[{clusters:[`), whose elements are left closed. */
const OUTER: IndexDepth = { levels: 4, innermostKeys: null };
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
  if (bytes.length > parseWholeBytes) return readIndexed(artefact, start, outer);
  const text = bytes.toString('utf8', start);
  if (isTooDeep(text, bytes, start)) return readIndexed(artefact, start, outer);
  try {
    const value: unknown = JSON.parse(text);
    return { root: new ParsedNode(new Cursor(artefact.name, '', value)), whole: true, gaps: [] };
  } catch (error) {
    // The index tells where the text breaks, and reads what is complete; it does not look inside values.
    const document = readIndexed(artefact, start, outer);
    if (!document.whole) return document;
    const problem = `some value inside is no JSON: ${gapRaw(String(error))}`;
    return { ...document, whole: false, gaps: [{ kind: 'unreadable', artefact: artefact.name, problem }] };
  }
}

/** What is listed of such a document at once: down to the members of the elements of a list (`{configs:[{clusters:…`). */
const PRINTED_LEVELS = 3;

/**
 * Reads a JSON artefact by its lines, for whoever needs a small part of it: only that part is parsed, and a fault elsewhere is not found.
 * @returns null when it is not printed as Envoy prints, one member or element a line, or is not whole
 */
export function readPrinted(artefact: Artefact): JsonDocument | null {
  const start = skipSpace(artefact.bytes, 0);
  const span = spansByLayout(artefact.bytes, start, PRINTED_LEVELS, null);
  if (span === null || skipSpace(artefact.bytes, span.end) < artefact.bytes.length) return null;
  return { root: new SpanNode(artefact.name, artefact.bytes, span, () => '', true), whole: true, gaps: [] };
}

/**
 * A part of a document that is printed with one member or element a line, indented by its depth.
 * @param bytes from the beginning of its first line to its last bracket
 * @param pointer of the part in the document
 */
export function printedPart(artefact: string, bytes: Buffer, pointer: () => string): JsonNode {
  const start = skipSpace(bytes, 0);
  const { length: end } = bytes;
  const span = leaf(bytes[start] === OPEN_BRACKET ? 'array' : 'object', start, end);
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
  return {
    root: new SpanNode(artefact.name, bytes, span, () => '', byLayout !== null),
    whole: gaps.length === 0,
    gaps,
  };
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
