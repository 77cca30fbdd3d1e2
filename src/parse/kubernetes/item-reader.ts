import { parseAddress } from '../../model/address.ts';
import { Cursor } from '../../model/json.ts';
import type { GapList } from './gap-list.ts';

type Key = string | number;

/** Most addresses of a cluster; they need no parsing to be known as canonical. */
const CANONICAL_IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Reads the members of one JSON object with their expected types.
 *
 * An absent member (or `null`, which Go writes for empty lists) reads as undefined or empty. A member of another type also
 * does, and is noted twice: as a gap with its JSON pointer, and as a clause in `notUnderstood`, so that nobody takes the
 * absence for a statement.
 */
export class ItemReader {
  readonly cursor: Cursor;
  readonly notUnderstood: string[];
  private readonly gaps: GapList;
  /** JSON pointer of the item that this object belongs to. */
  private readonly root: string;

  constructor(cursor: Cursor, gaps: GapList, notUnderstood: string[] = [], root: string = cursor.pointer) {
    this.cursor = cursor;
    this.gaps = gaps;
    this.notUnderstood = notUnderstood;
    this.root = root;
  }

  /** The raw value, without a cursor for each step: Lists hold hundreds of thousands of members. */
  value(...path: readonly Key[]): unknown {
    let value: unknown = this.cursor.value;
    for (const key of path) {
      if (!hasMembers(value)) return undefined;
      value = Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return value ?? undefined;
  }

  string(...path: readonly Key[]): string | undefined {
    const value = this.value(...path);
    if (value === undefined || typeof value === 'string') return value;
    return this.reject('is no string', path);
  }

  boolean(...path: readonly Key[]): boolean | undefined {
    const value = this.value(...path);
    if (value === undefined || typeof value === 'boolean') return value;
    return this.reject('is no boolean', path);
  }

  /** A whole number from `least` to `most`. */
  integer(least: number, most: number, ...path: readonly Key[]): number | undefined {
    const value = this.value(...path);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return this.reject(`is no whole number from ${least} to ${most}`, path);
  }

  /** A port number; 0, which Go writes for none, reads as absent. */
  port(...path: readonly Key[]): number | undefined {
    const port = this.integer(0, 65535, ...path);
    return port === 0 ? undefined : port;
  }

  /** One of the texts. Another text is not understood, and reads as undefined. */
  oneOf<T extends string>(choices: readonly T[], ...path: readonly Key[]): T | undefined {
    const value = this.value(...path);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    return choice ?? this.reject(`is none of ${choices.join(', ')}`, path, 'not-understood');
  }

  /** An address in canonical text. */
  address(...path: readonly Key[]): string | undefined {
    const text = this.string(...path);
    if (text === undefined || text === '' || CANONICAL_IPV4.test(text)) return text || undefined;
    return parseAddress(text)?.text ?? this.reject('is no IP address', path);
  }

  strings(...path: readonly Key[]): string[] {
    return this.elements(path).flatMap((_, index) => this.string(...path, index) ?? []);
  }

  /** Addresses in canonical text; empty texts are left out. */
  addresses(...path: readonly Key[]): string[] {
    return this.elements(path).flatMap((_, index) => this.address(...path, index) ?? []);
  }

  stringMap(...path: readonly Key[]): Record<string, string> {
    const value = this.value(...path);
    if (value === undefined) return {};
    if (!isObject(value)) {
      this.reject('is no object', path);
      return {};
    }
    const entries = Object.entries(value);
    if (entries.every((entry): entry is [string, string] => typeof entry[1] === 'string'))
      return Object.fromEntries(entries);
    return Object.fromEntries(
      entries.flatMap(([key]): [string, string][] => {
        const text = this.string(...path, key);
        return text === undefined ? [] : [[key, text]];
      }),
    );
  }

  /** The elements that are objects. */
  items(...path: readonly Key[]): ItemReader[] {
    if (this.elements(path).length === 0) return [];
    const readers: ItemReader[] = [];
    for (const [index, cursor] of this.cursor
      .at(...path)
      .items()
      .entries()) {
      if (cursor.isObject()) readers.push(this.within(cursor));
      else this.reject('is no object', [...path, index]);
    }
    return readers;
  }

  /** The member as an object of its own; its problems count as this one's. */
  at(...path: readonly Key[]): ItemReader {
    return this.within(this.cursor.at(...path));
  }

  /** Notes a member that cannot be read. @returns undefined, for the value that is missing now */
  reject(problem: string, path: readonly Key[], kind: 'unreadable' | 'not-understood' = 'unreadable'): undefined {
    const at = this.cursor.at(...path);
    const member = at.pointer.slice(this.root.length + 1).replaceAll('/', '.') || 'the object';
    this.gaps.add(kind, `${member} ${problem}`, at.pointer, at.value);
    this.notUnderstood.push(`${member} ${problem}`);
    return undefined;
  }

  private within(cursor: Cursor): ItemReader {
    return new ItemReader(cursor, this.gaps, this.notUnderstood, this.root);
  }

  private elements(path: readonly Key[]): readonly unknown[] {
    const value = this.value(...path);
    if (Array.isArray(value)) return value;
    if (value !== undefined) this.reject('is no list', path);
    return [];
  }
}

/** An object or a list. */
function hasMembers(value: unknown): value is Record<Key, unknown> {
  return typeof value === 'object' && value !== null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
