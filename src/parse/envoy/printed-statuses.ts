import type { StoredBytes } from '../../model/artefact.ts';
import { printedValues, type BatchReader } from '../json-index/passing-values.ts';

/** Where the statuses stand: from the line feed before the first one to the end of the last one. */
export interface PrintedStatuses {
  readonly start: number;
  readonly end: number;
}

const HEAD = '{\n "cluster_statuses": [';
const FIRST = '\n  {\n';
const CLOSING = /\n {2}\}(\n \]\n\}\s*)$/;
/** No white space at the end of an answer is longer. */
const LOOK_BACK = 256;
/** Blanks before an element. */
const INDENT = 2;
const BOUNDARY = Buffer.from('\n  },\n');
const LIST_END = Buffer.from('\n ]');
/** As much is read and parsed at once. */
const WINDOW_BYTES = 512 * 1024;

/**
 * Finds the statuses in an answer of /clusters?format=json that is printed as Envoy prints it: one member a line, indented by one blank
 * a level (source/server/admin/clusters_handler.cc, writeClustersAsJson).
 * @returns null when it is printed in any other way, or is not whole
 */
export function printedStatuses(stored: StoredBytes): PrintedStatuses | null {
  const { length } = stored;
  const head = stored.peek(0, Math.min(length, HEAD.length + FIRST.length)).toString('latin1');
  if (head !== HEAD + FIRST) return null;
  const tail = stored.peek(Math.max(0, length - LOOK_BACK), length).toString('latin1');
  const closing = CLOSING.exec(tail)?.[1];
  return closing === undefined ? null : { start: HEAD.length, end: length - closing.length };
}

/**
 * The statuses, one after the other; of the bytes a window at a time is in memory.
 * @param holding characters that the text of a status must hold; null: every one is read
 * @param otherwise the same statuses, read in a way that knows no lines; asked when the lines turn out to be others
 */
export function* statusValues(
  stored: StoredBytes,
  place: PrintedStatuses,
  holding: string | null,
  reader: BatchReader,
  otherwise: () => Iterable<unknown>,
): Generator {
  let given = 0;
  for (const bytes of windows(stored, place)) {
    // What is not parsed is not judged: the list may have ended before.
    const ends = holding !== null && bytes.includes(LIST_END);
    const values = printedValues(bytes, [0, bytes.length], INDENT, holding, reader);
    let next = ends ? { done: true as const, value: 0 } : values.next();
    for (; next.done !== true; next = values.next()) {
      given += 1;
      yield next.value;
    }
    if (next.value !== null) {
      yield* without(given, otherwise());
      return;
    }
  }
}

function* without(count: number, values: Iterable<unknown>): Generator {
  let passed = 0;
  for (const value of values) if (++passed > count) yield value;
}

/** Whole statuses with commas between them, from the line feed before the first one. */
function* windows(stored: StoredBytes, { start, end }: PrintedStatuses): Generator<Buffer> {
  let size = WINDOW_BYTES;
  for (let at = start; at < end;) {
    const stop = Math.min(end, at + size);
    const bytes = stored.slice(at, stop);
    const boundary = stop === end ? -1 : bytes.lastIndexOf(BOUNDARY);
    if (stop < end && boundary < 0) {
      // One is longer than the window.
      size *= 2;
      continue;
    }
    const last = boundary < 0 ? bytes.length : boundary + BOUNDARY.length - ',\n'.length;
    yield bytes.subarray(0, last);
    at += last + ','.length;
    size = WINDOW_BYTES;
  }
}
