import type { Evidence } from './evidence.ts';

/**
 * A value inside a JSON artefact together with where it stands, so that whatever is read from it can be cited.
 *
 * Reading never throws: a step to something absent, or of another type, gives a cursor whose `value` is `undefined`, and the
 * typed readers give `undefined` for a value of another type. That is what makes truncated and mutated dumps harmless.
 */
export class Cursor {
  readonly artefact: string;
  /** What it is, `LOOKED_UP` where it is looked up below the parent, or a function that reads it. */
  readonly #value: unknown;
  /** The document is read again where it is wanted: nothing below holds a part of it. */
  readonly #fleeting: boolean;
  /** Where the value stands: below another cursor, so that a pointer is only spelled out when somebody cites it. */
  readonly #parent: Cursor | null;
  /** One key, or several on the way down. */
  readonly #key: Key;
  #pointer: string | null;

  constructor(artefact: string, pointer: string | null, value: unknown, parent: Cursor | null = null, key: Key = '') {
    const fleeting = parent === null ? value instanceof Reread : parent.#fleeting;
    this.artefact = artefact;
    this.#fleeting = fleeting;
    this.#value = fleeting && parent !== null && typeof value === 'object' && value !== null ? LOOKED_UP : value;
    this.#pointer = pointer;
    this.#parent = parent;
    this.#key = key;
  }

  get value(): unknown {
    const value = this.#value;
    if (!this.#fleeting) return value;
    if (value instanceof Reread) return value.read();
    if (value !== LOOKED_UP) return value;
    let found = this.#parent?.value;
    if (typeof this.#key === 'object') for (const key of this.#key) found = memberOfValue(found, key);
    else found = memberOfValue(found, this.#key);
    return found;
  }

  /** RFC 6901; `''` is the whole document. */
  get pointer(): string {
    const keys = typeof this.#key === 'object' ? this.#key : [this.#key];
    this.#pointer ??= `${this.#parent?.pointer ?? ''}${keys.map((key) => `/${escapePointer(String(key))}`).join('')}`;
    return this.#pointer;
  }

  get exists(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** The member or element under `key`; several keys walk down. */
  at(...keys: readonly (string | number)[]): Cursor {
    let { value } = this;
    for (const key of keys) value = memberOfValue(value, key);
    return this.#below(keys, value);
  }

  /** The value that stands under a key, which the caller has looked up already. */
  child(key: string | number, value: unknown): Cursor {
    return new Cursor(this.artefact, null, value, this, key);
  }

  string(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  boolean(): boolean | undefined {
    return typeof this.value === 'boolean' ? this.value : undefined;
  }

  /** A finite number; protobuf JSON writes 64-bit integers as strings, which count too. */
  number(): number | undefined {
    return numberOf(this.value);
  }

  /** The elements; `[]` when this is no array. */
  items(): Cursor[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.map((value: unknown, index) => this.#below(index, value));
  }

  /** The members of an object, in document order; `[]` when this is no object. */
  entries(): [string, Cursor][] {
    if (!isObject(this.value)) return [];
    return Object.entries(this.value).map(([key, value]) => [key, this.#below(key, value)]);
  }

  isObject(): boolean {
    return isObject(this.value);
  }

  /** The elements that are strings. */
  strings(): string[] {
    return Array.isArray(this.value) ? this.value.filter((value): value is string => typeof value === 'string') : [];
  }

  /** The members whose values are strings. */
  stringMap(): Record<string, string> {
    const entries = isObject(this.value) ? Object.entries(this.value) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  }

  /** Cites this value. */
  evidence(): Evidence {
    return {
      artefact: this.artefact,
      pointer: this.pointer,
      raw: this.value === undefined ? '' : JSON.stringify(this.value),
    };
  }

  #below(key: Key, value: unknown): Cursor {
    return new Cursor(this.artefact, null, value, this, key);
  }
}

/**
 * Stands for the value of a document that is too large to be held: read again whenever somebody wants it, and the same each time. A
 * cursor with such a value, and all cursors below it, hold none of its parts.
 */
export class Reread {
  readonly read: () => unknown;

  constructor(read: () => unknown) {
    this.read = read;
  }
}

/** In place of an object or a list below such a document. */
const LOOKED_UP = Symbol('looked up');

/** As `Cursor.number`, of a value. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  return typeof value === 'string' && /^-?\d{1,20}(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

type Key = string | number | readonly (string | number)[];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member or element of a value under a key; undefined: there is none, or the value is of another type. */
export function memberOfValue(value: unknown, key: string | number): unknown {
  if (Array.isArray(value)) return typeof key === 'number' ? (value as unknown[])[key] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[String(key)] : undefined;
}

function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
