/** Rows for people, before anybody lays them out. */
export interface Table {
  /** Headings; null: the rows speak for themselves. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  /** Blanks between the widest cell of a column and the next column. */
  readonly padding: number;
  /** For each row, a text that is the same where two proxies have the same; absent: the cells are. */
  readonly identities?: () => readonly string[];
}

/** Values of a sort key. */
export type SortKey = readonly (string | number)[];

/** Ascending by the bytes of UTF-8, as Go compares strings. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  return isDirect(a) && isDirect(b) ? compareUnits(a, b) : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** UTF-16 code units order as the bytes of UTF-8 unless surrogates are among them. */
function isDirect(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text);
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

/** Sorts by a key of several parts, each of which counts when those before it are equal; what is equal in all keeps its order. */
export function sortedBy<T>(values: readonly T[], keyOf: (value: T) => SortKey): T[] {
  const keyed = values.map((value) => ({ value, key: keyOf(value) }));
  const direct = keyed.every(({ key }) => key.every((part) => typeof part !== 'string' || isDirect(part)));
  const compareTexts = direct ? compareUnits : compareBytes;
  return keyed.toSorted((a, b) => compareKeys(a.key, b.key, compareTexts)).map(({ value }) => value);
}

function compareKeys(a: SortKey, b: SortKey, compareTexts: (a: string, b: string) => number): number {
  for (let index = 0; index < a.length; index++) {
    const [left = 0, right = 0] = [a[index], b[index]];
    if (left === right) continue;
    if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
    // Numbers may be infinite, so that a difference may be none.
    return left < right ? -1 : 1;
  }
  return 0;
}
