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
 * and no others.
 * @returns null when it is printed in any other way, or is not whole
 */
export function printedSections(stored: StoredBytes): PrintedSections | null {
  const { length } = stored;
  const tail = stored.peek(Math.max(0, length - LOOK_BACK), length).toString('latin1');
  const closing = CLOSING.exec(tail)?.[1];
  if (closing === undefined) return null;
  const head = stored.peek(0, Math.min(length, LOOK_BACK + MARKER.length));
  const opening = head.toString('latin1', 0, Math.max(0, head.indexOf(MARKER)));
  // Another element may stand before the first section that is known by its type.
  return FIRST.test(opening) ? new PrintedSections(stored, length - closing.length) : null;
}

/** The line that opens a section, and the beginning of its type, before a marker; null: no section is opened there. */
function openingAt(
  bytes: Buffer,
  hit: number,
  begin: number,
): { readonly opening: string; readonly name: string } | null {
  const before = bytes.toString('latin1', Math.max(0, hit - LOOK_BACK), hit);
  const isHead = begin === 0 && hit <= LOOK_BACK;
  const [, opening = '', name = ''] = (isHead ? FIRST.exec(before) : null) ?? NEXT.exec(before) ?? [];
  return opening === '' ? null : { opening, name };
}

/** Sections are looked for from the end, where those stand that are asked for most; of the bytes none is kept. */
export class PrintedSections {
  readonly #stored: StoredBytes;
  /** Those found so far, in their order. */
  #found: readonly PrintedSection[] = [];
  /** Behind the last one that is not found yet. */
  #end: number;
  /** Before it nothing was looked at. */
  #from: number;

  constructor(stored: StoredBytes, end: number) {
    this.#stored = stored;
    this.#end = end;
    this.#from = stored.length;
  }

  /** The last section of that type. */
  last(type: string): PrintedSection | undefined {
    for (;;) {
      const section = this.#found.findLast((one) => one.type === type);
      if (section !== undefined || this.#from === 0) return section;
      this.#lookOn();
    }
  }

  /** Every section. */
  all(): readonly PrintedSection[] {
    while (this.#from > 0) this.#lookOn();
    return this.#found;
  }

  /** Looks at the window before those that were looked at. */
  #lookOn(): void {
    const from = Math.max(0, this.#from - WINDOW_BYTES);
    const begin = Math.max(0, from - LOOK_BACK);
    const bytes = this.#stored.peek(begin, Math.min(this.#stored.length, this.#from + MARKER.length - 1));
    const starts: { readonly type: string; readonly start: number }[] = [];
    for (let hit = bytes.indexOf(MARKER, from - begin); hit >= 0; hit = bytes.indexOf(MARKER, hit + 1)) {
      const opened = openingAt(bytes, hit, begin);
      if (opened !== null) starts.push({ type: `${opened.name}Dump`, start: begin + hit - opened.opening.length });
    }
    const sections: PrintedSection[] = [];
    for (const { type, start } of starts.toReversed()) {
      sections.unshift({ type, start, end: this.#end });
      this.#end = start - ',\n'.length;
    }
    this.#found = [...sections, ...this.#found];
    this.#from = from;
  }
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
