import type { StoredBytes } from '../../model/artefact.ts';

/** A part of the `configs` of a config_dump. */
export interface PrintedSection {
  /** `ClustersConfigDump` */
  readonly type: string;
  /** Where the line begins on which it is opened. */
  readonly start: number;
  /** Behind the bracket that closes it. */
  readonly end: number;
}

/** How much is looked at at once. */
const WINDOW_BYTES = 1024 * 1024;
/** No line that opens a section is longer, with the two before it. */
const LOOK_BACK = 256;
/** Ends the name of a section's type; its first letter is rare in a dump, which makes the search fast. */
const MARKER = Buffer.from('Dump"');
const FIRST = /^\{\n "configs": \[\n( {2}\{\n {3}"@type": "type\.googleapis\.com\/envoy\.admin\.v3\.([A-Za-z]*))$/;
const NEXT = /\n {2}\},\n( {2}\{\n {3}"@type": "type\.googleapis\.com\/envoy\.admin\.v3\.([A-Za-z]*))$/;
const CLOSING = /\n {2}\}(\n \]\n\}\s*)$/;

/**
 * Finds the sections of a config_dump that is printed as Envoy prints it: one member a line, indented by one blank a level
 * (source/server/admin/config_dump_handler.cc). Since no line feed can stand inside a JSON string, the lines that open sections are these
 * and no others. The bytes are looked at once, and none of them is kept.
 * @returns null when it is printed in any other way, or is not whole
 */
export function printedSections(stored: StoredBytes): readonly PrintedSection[] | null {
  const { length } = stored;
  const tail = stored.peek(Math.max(0, length - LOOK_BACK), length).toString('latin1');
  const closing = CLOSING.exec(tail)?.[1];
  if (closing === undefined) return null;
  const found: { readonly type: string; readonly start: number }[] = [];
  for (let from = 0; from < length; from += WINDOW_BYTES) {
    const begin = Math.max(0, from - LOOK_BACK);
    const bytes = stored.peek(begin, Math.min(length, from + WINDOW_BYTES));
    for (let hit = bytes.indexOf(MARKER); hit >= 0; hit = bytes.indexOf(MARKER, hit + MARKER.length)) {
      const before = bytes.toString('latin1', Math.max(0, hit - LOOK_BACK), hit);
      const [, opening = '', name = ''] = (found.length === 0 ? FIRST : NEXT).exec(before) ?? [];
      const start = begin + hit - opening.length;
      if (opening !== '' && start > (found.at(-1)?.start ?? -1)) found.push({ type: `${name}Dump`, start });
    }
    if (found.length === 0) return null;
  }
  const ends = [...found.slice(1).map(({ start }) => start - ',\n'.length), length - closing.length];
  return found.map((section, at) => ({ ...section, end: ends[at] ?? length }));
}

/** What stands between two elements of `configs`. */
const BETWEEN = Buffer.from('\n  },\n');

/** Whether something else than these sections stands between them, an element of `configs` of another type. */
export function holdsOthers(stored: StoredBytes, sections: readonly PrintedSection[]): boolean {
  return sections.some(({ start, end }) => {
    for (let from = start; from < end; from += WINDOW_BYTES) {
      const bytes = stored.peek(from, Math.min(end, from + WINDOW_BYTES + BETWEEN.length));
      if (bytes.includes(BETWEEN)) return true;
    }
    return false;
  });
}

/** Bytes that are in memory. */
export function storedInMemory(bytes: Buffer): StoredBytes {
  const part = (start: number, end: number): Buffer => bytes.subarray(start, end);
  return { length: bytes.length, slice: part, peek: part };
}
