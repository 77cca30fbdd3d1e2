/**
 * Looks objects up by a text that stands in them. Where they come from gives the same objects for the same text, so that each answer
 * is indexed once: all objects of a small List, a few of a large one.
 *
 * @param having all objects in whose text one stands, and perhaps others
 * @param index what is looked for, by key
 * @returns what stands under a key; `text` is the part of the key that stands in the object, the key itself unless told
 */
export function lookup<T, V>(
  having: (text: string) => readonly T[],
  index: (objects: readonly T[]) => ReadonlyMap<string, V>,
): (key: string, text?: string) => V | undefined {
  const indexes = new WeakMap<readonly T[], ReadonlyMap<string, V>>();
  return (key, text = key) => {
    const objects = having(text);
    const made = indexes.get(objects) ?? index(objects);
    indexes.set(objects, made);
    return made.get(key);
  };
}
