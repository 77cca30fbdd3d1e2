/** Which members of a value are mere names: values that differ in nothing else are alike. */

/**
 * What may differ between values that are alike: a text may be another text, a number another number, anything may be anything, and of a
 * message or of each element of a list some members may. Nobody wants to know a `label`, which is another text, or what `any` is.
 */
export type Free = 'text' | 'label' | 'number' | 'any' | FreeMembers | { readonly each: Free };

export interface FreeMembers {
  readonly members: ReadonlyMap<string, Free>;
  /** Its members may stand in any order. */
  readonly map: boolean;
}

/** Names the members of a message that may differ. */
export function freeMembers(members: Readonly<Record<string, Free>>): FreeMembers {
  return { members: new Map(Object.entries(members)), map: false };
}

/** The same of a map, which is printed in another order each time. */
export function freeEntries(members: Readonly<Record<string, Free>>): FreeMembers {
  return { members: new Map(Object.entries(members)), map: true };
}

/** What may differ in a member. */
export function freeMember(free: Free | undefined, key: string): Free | undefined {
  if (free === 'any') return free;
  return typeof free === 'object' && 'members' in free ? free.members.get(key) : undefined;
}

/** What may differ in each element of a list. */
export function freeElement(free: Free | undefined): Free | undefined {
  if (free === 'any') return free;
  return typeof free === 'object' && 'each' in free ? free.each : undefined;
}
