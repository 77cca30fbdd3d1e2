/**
 * JSON whose outer levels are walked and not held, for it may be longer than memory bears: a value, members in their order, or elements
 * that are read anew each time they are walked.
 */
export type WalkedJson =
  | { readonly value: unknown }
  | { readonly members: readonly (readonly [name: string, member: WalkedJson])[] }
  | { readonly elements: Iterable<WalkedJson> };

/** Elements that are made of others each time they are walked. */
export function mappedElements<T>(elements: Iterable<T>, map: (element: T) => Iterable<WalkedJson>): WalkedJson {
  return {
    elements: {
      *[Symbol.iterator]() {
        for (const element of elements) yield* map(element);
      },
    },
  };
}

/** Of more elements a list is not made of all at once. */
export const LONG_LIST = 256;
/** As far below an element of a section a long list is looked for: its resource, and the lists of that. */
const LEVELS = 3;

/** A value, walked where a long list stands near its top: whatever is made of it is not made of all at once. */
export function opened(node: WalkedJson): WalkedJson {
  return 'value' in node ? openedValue(node.value, LEVELS) : node;
}

function openedValue(value: unknown, levels: number): WalkedJson {
  if (Array.isArray(value)) {
    const elements = value as unknown[];
    return elements.length > LONG_LIST ? mappedElements(elements, (element) => [{ value: element }]) : { value };
  }
  if (levels === 0 || typeof value !== 'object' || value === null) return { value };
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    return [name, openedValue(member, levels - 1)] as const;
  });
  return members.some(([, member]) => !('value' in member)) ? { members } : { value };
}
