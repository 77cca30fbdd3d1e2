/**
 * Parts of a configuration that are the same but for what they are called: of the clusters of a mesh, thousands differ in nothing else.
 * In: parsed values, and which of their members are mere names. Out: which of them are alike. It must not know what the members mean.
 */
import { isMessage } from '../../../model/protobuf-message.ts';

/**
 * What may differ between values that are alike: a text may be another text, a number another number, anything may be anything, and of a
 * message or of each element of a list some members may.
 */
export type Free = 'text' | 'number' | 'any' | FreeMembers | { readonly each: Free };

interface FreeMembers {
  readonly members: ReadonlyMap<string, Free>;
}

/** Names the members of a message that may differ. */
export function freeMembers(members: Readonly<Record<string, Free>>): FreeMembers {
  return { members: new Map(Object.entries(members)) };
}

/** Whether two values are the same in everything that may not differ; their members stand in the same order. */
function areAlike(one: unknown, other: unknown, free?: Free): boolean {
  if (one === other || free === 'any') return true;
  if (typeof one !== 'object' || one === null) return typeof one === typeof other && free === kindOfScalar(one);
  if (Array.isArray(one)) return Array.isArray(other) && listsAlike(one, other, free);
  if (!isMessage(one) || !isMessage(other)) return false;
  const members = typeof free === 'object' && 'members' in free ? free.members : undefined;
  const keys = Object.keys(other);
  let place = 0;
  for (const key of Object.keys(one)) {
    if (keys[place++] !== key) return false;
    if (!areAlike(one[key], other[key], members?.get(key))) return false;
  }
  return place === keys.length;
}

function kindOfScalar(value: unknown): Free | null {
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : null;
}

function listsAlike(one: readonly unknown[], other: readonly unknown[], free: Free | undefined): boolean {
  if (one.length !== other.length) return false;
  const each = typeof free === 'object' && 'each' in free ? free.each : undefined;
  for (let index = 0; index < one.length; index++) if (!areAlike(one[index], other[index], each)) return false;
  return true;
}

/** The number of a value among those that were met; a new one comes last. */
export function placeOf<T>(met: T[], value: T): number {
  const known = met.indexOf(value);
  return known >= 0 ? known : met.push(value) - 1;
}

/** Kinds that are told apart at most: where there are more, looking for the right one costs more than it saves. */
const KINDS = 16;

/** Sorts values by kind. */
export class Kinds {
  readonly #free: Free;
  readonly #first: unknown[] = [];

  /** @param free what may differ within a kind */
  constructor(free: Free) {
    this.#free = free;
  }

  /** The number of the kind of a value; null: there are too many kinds. */
  kindOf(value: unknown): number | null {
    const known = this.#first.findIndex((first) => areAlike(first, value, this.#free));
    if (known >= 0) return known;
    if (this.#first.length >= KINDS) return null;
    return this.#first.push(value) - 1;
  }
}
