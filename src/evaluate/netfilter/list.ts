/** A list that branches share: each adds to its own end, and what came before stays one. Newest first. */
export interface List<T> {
  readonly last: T;
  readonly before: List<T> | null;
}

/** The list with `item` at its end. */
export function append<T>(list: List<T> | null, item: T): List<T> {
  return { last: item, before: list };
}

/** The items, oldest first. */
export function toArray<T>(list: List<T> | null): T[] {
  const items: T[] = [];
  for (let at = list; at !== null; at = at.before) items.push(at.last);
  return items.toReversed();
}

/** The newest item that `test` holds for. */
export function findLast<T>(list: List<T> | null, test: (item: T) => boolean): T | undefined {
  for (let at = list; at !== null; at = at.before) if (test(at.last)) return at.last;
  return undefined;
}
