/** Rows for people, before anybody lays them out. */
export interface Table {
  /** Headings; null: the rows speak for themselves. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  /** Blanks between the widest cell of a column and the next column. */
  readonly padding: number;
  /** For each row, a text that is the same where two proxies have the same; absent: the cells are. */
  readonly identities?: readonly string[];
}

/** Values of a sort key. */
export type SortKey = readonly (string | number)[];

/** Ascending by the bytes of UTF-8, as Go compares strings. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 code units order as UTF-8 bytes unless surrogates are among them.
  const direct = !BEYOND_LATIN.test(a) && !BEYOND_LATIN.test(b);
  return direct ? (a < b ? -1 : 1) : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const BEYOND_LATIN = /[\u0100-\uffff]/;

/** Sorts by a key of several parts, each of which counts when those before it are equal; what is equal in all keeps its order. */
export function sortedBy<T>(values: readonly T[], keyOf: (value: T) => SortKey): T[] {
  const keyed = values.map((value) => ({ value, key: keyOf(value) }));
  return keyed.toSorted((a, b) => compareKeys(a.key, b.key)).map(({ value }) => value);
}

function compareKeys(a: SortKey, b: SortKey): number {
  for (let index = 0; index < a.length; index++) {
    const [left = 0, right = 0] = [a[index], b[index]];
    if (left === right) continue;
    if (typeof left === 'string' && typeof right === 'string') return compareBytes(left, right);
    // Numbers may be infinite, so that a difference may be none.
    return left < right ? -1 : 1;
  }
  return 0;
}
