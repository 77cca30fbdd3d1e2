/** Rows for people, before anybody lays them out. */
export interface Table {
  /** Headings; null: the rows speak for themselves. */
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  /** Blanks between the widest cell of a column and the next column. */
  readonly padding: number;
}

/** Ascending by the bytes of UTF-8, as Go compares strings. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  // UTF-16 code units order as UTF-8 bytes unless surrogates are among them.
  return /[\ud800-\uffff]/.test(a + b) ? Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))) : a < b ? -1 : 1;
}

/** Sorts by several keys, each of which counts when those before it are equal; what is equal in all keeps its order. */
export function sortedBy<T>(values: readonly T[], ...keys: readonly ((value: T) => string | number)[]): T[] {
  const keyed = values.map((value) => ({ value, key: keys.map((key) => key(value)) }));
  return keyed.sort((a, b) => compareKeys(a.key, b.key)).map(({ value }) => value);
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    const bothNumbers = typeof left === 'number' && typeof right === 'number';
    // Numbers may be infinite, so that a difference may be none.
    const order = bothNumbers ? Number(left > right) - Number(left < right) : compareBytes(String(left), String(right));
    if (order !== 0) return order;
  }
  return 0;
}
