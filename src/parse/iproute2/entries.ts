import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import { GapLog } from '../../model/gap-log.ts';
import type { Cursor } from '../../model/json.ts';
import { readJson } from '../json-index/json-document.ts';

/** Reads one entry; undefined when it is none of ours or cannot be read, having noted why. */
export type EntryReader<T> = (entry: Cursor, gaps: GapLog) => readonly T[];

/**
 * Reads the array that `ip -j …` prints. A file that was cut gives its complete entries and a gap. Empty objects are left out:
 * iproute2 prints one in the place of each entry that its own filters hide (ip/ipaddress.c, print_linkinfo).
 *
 * @param command what prints this, for the remedy: `ip -j -d link`
 */
export function readEntries<T>(artefact: Artefact, command: string, read: EntryReader<T>): Parsed<readonly T[]> {
  const document = readJson(artefact);
  const gaps = new GapLog(artefact.name);
  const remedy = `capture it again with \`${command}\``;
  gaps.addAll(document.gaps.map((gap): Gap => ({ ...gap, remedy })));
  if (document.root === null) return { value: [], gaps: gaps.list() };
  if (document.root.kind !== 'array') {
    gaps.add('unreadable', 'the document is no array of entries', { pointer: '', remedy });
    return { value: [], gaps: gaps.list() };
  }
  const value: T[] = [];
  for (const node of document.root.elements()) {
    if (!node.whole) continue;
    const entry = node.cursor();
    if (!entry.isObject()) {
      gaps.add('unreadable', 'this entry is no object', { pointer: entry.pointer, remedy });
    } else if (entry.entries().length > 0) {
      value.push(...read(entry, gaps));
    }
  }
  return { value, gaps: gaps.list() };
}

/** Notes an entry that is left out because a member is missing or malformed. */
export function reject(gaps: GapLog, entry: Cursor, problem: string): void {
  gaps.add('unreadable', problem, { pointer: entry.pointer, raw: entry.evidence().raw });
}

/** A non-negative integer that iproute2 prints as number, or in text as decimal or hexadecimal; undefined otherwise. */
export function unsigned(cursor: Cursor): number | undefined {
  const { value } = cursor;
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string' || !/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(value)) return undefined;
  return Number(value);
}
