/**
 * Parts of a configuration that are the same but for what they are called: of the clusters of a mesh, thousands differ in nothing else.
 * In: parsed values, and which of their members are mere names. Out: which of them are alike. It must not know what the members mean.
 */
import type { Free, FreeMembers } from '../../../../model/free.ts';
import { isMessage } from '../../../../model/protobuf-message.ts';

const NOTHING_FREE: FreeMembers = { members: new Map(), map: false };

/** Whether a value is like the one that the test was made from. */
type Likeness = (value: unknown) => boolean;

/** Values are alike that are the same in everything that may not differ; but in maps, their members stand in the same order. */
function likenessTo(first: unknown, free?: Free): Likeness {
  if (free === 'any') return () => true;
  if (typeof first !== 'object' || first === null) {
    const kind = typeof first;
    const differs = typeof free === 'string' && kind === TYPES[free];
    return differs ? (value) => typeof value === kind : (value) => value === first;
  }
  if (Array.isArray(first)) return likenessToList(first, free);
  const own = typeof free === 'object' && 'members' in free ? free : NOTHING_FREE;
  return own.map ? likenessToMap(first, own) : likenessToMessage(first, own);
}

const TYPES = { text: 'string', label: 'string', number: 'number' } as const;

function likenessToList(first: readonly unknown[], free: Free | undefined): Likeness {
  const each = typeof free === 'object' && 'each' in free ? free.each : undefined;
  const tests = first.map((element) => likenessTo(element, each));
  return (value) => {
    if (!Array.isArray(value) || value.length !== tests.length) return false;
    for (let index = 0; index < tests.length; index++) if (tests[index]?.(value[index]) !== true) return false;
    return true;
  };
}

function likenessToMessage(first: object, { members }: FreeMembers): Likeness {
  const keys = Object.keys(first);
  const tests = Object.entries(first).map(([key, value]) => likenessTo(value, members.get(key)));
  return (value) => {
    if (!isMessage(value)) return false;
    let place = 0;
    // What JSON makes inherits nothing that would be listed.
    for (const key in value) {
      if (keys[place] !== key || tests[place]?.(value[key]) !== true) return false;
      place++;
    }
    return place === keys.length;
  };
}

function likenessToMap(first: object, { members }: FreeMembers): Likeness {
  const tests = new Map(Object.entries(first).map(([key, value]) => [key, likenessTo(value, members.get(key))]));
  return (value) => {
    if (!isMessage(value)) return false;
    let count = 0;
    for (const key in value) {
      if (tests.get(key)?.(value[key]) !== true) return false;
      count++;
    }
    return count === tests.size;
  };
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
  readonly #tests: Likeness[] = [];
  /** Of the last value: mostly the next one is of the same kind. */
  #last = 0;

  /** @param free what may differ within a kind */
  constructor(free: Free) {
    this.#free = free;
  }

  /** The number of the kind of a value; null: there are too many kinds. */
  kindOf(value: unknown): number | null {
    if (this.#tests[this.#last]?.(value) === true) return this.#last;
    const known = this.#tests.findIndex((test) => test(value));
    if (known < 0 && this.#tests.length >= KINDS) return null;
    this.#last = known >= 0 ? known : this.#tests.push(likenessTo(value, this.#free)) - 1;
    return this.#last;
  }
}
