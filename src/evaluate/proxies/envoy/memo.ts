import type { Cursor } from '../../../model/json.ts';

/**
 * Remembers what was made of a part of a configuration, so that ten thousand requests index a listener or a route table once.
 * Keyed by the parsed object, which stands at one place of one dump: it lives as long as the dump does, and the result depends on
 * nothing else.
 */
export function memoised<T>(make: (cursor: Cursor) => T): (cursor: Cursor) => T {
  const results = new WeakMap<object, { readonly result: T }>();
  return (cursor) => {
    const key = cursor.value;
    if (typeof key !== 'object' || key === null) return make(cursor);
    let found = results.get(key);
    if (found === undefined) {
      found = { result: make(cursor) };
      results.set(key, found);
    }
    return found.result;
  };
}
