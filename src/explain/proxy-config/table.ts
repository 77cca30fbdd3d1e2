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
  const keys = new SortKeys();
  for (const value of values) keys.push(keyOf(value));
  return keys.sorted(values);
}

/** The sort keys of a list, part by part: so they take a small part of what a list of keys would. */
export class SortKeys {
  readonly #parts: (string | number)[][] = [];
  #count = 0;
  #direct = true;

  /** Adds the key of the next value. */
  push(key: SortKey): void {
    for (let part = 0; part < key.length; part++) {
      const value = key[part] ?? 0;
      (this.#parts[part] ??= Array<number>(this.#count).fill(0)).push(value);
      if (typeof value === 'string') this.#direct &&= isDirect(value);
    }
    for (let part = key.length; part < this.#parts.length; part++) this.#parts[part]?.push(0);
    this.#count += 1;
  }

  /** The values by their keys. */
  sorted<T>(values: readonly T[]): T[] {
    const compareTexts = this.#direct ? compareUnits : compareBytes;
    const indexed = values.map((value, index) => ({ value, index }));
    return indexed.toSorted((a, b) => this.#compare(a.index, b.index, compareTexts)).map(({ value }) => value);
  }

  #compare(a: number, b: number, compareTexts: (a: string, b: string) => number): number {
    for (const part of this.#parts) {
      const [left = 0, right = 0] = [part[a], part[b]];
      if (left === right) continue;
      if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right);
      // Numbers may be infinite, so that a difference may be none.
      return left < right ? -1 : 1;
    }
    return 0;
  }
}
