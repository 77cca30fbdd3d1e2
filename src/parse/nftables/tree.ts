/** Reading of the trees that `nft -j` prints, and that the text form is brought into. */

/** Stands for the part of a rule's text that leaves the grammar, with what is wrong there. */
export const NOT_READ = 'not read';

export type Tree = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object; undefined when it has none of that name, or is no object. */
export function memberOf(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Name and value of the only member that statements and expressions have; undefined when there is none, or several. */
export function onlyMember(value: Tree): readonly [string | undefined, unknown] {
  const keys = Object.keys(value);
  const [key] = keys;
  return keys.length === 1 && key !== undefined ? [key, value[key]] : [undefined, undefined];
}
