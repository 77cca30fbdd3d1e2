/**
 * How a value that is alike to others is printed: the same text but for the names in it.
 *
 * In: the printed text of one value, and which of its members are mere names. Out: whether another text is that of a value alike to it, which
 * takes a fraction of reading that, and the names in it. A text that is alike but printed in another way is taken for another one; never the
 * other way round.
 */
import type { Free } from './alike.ts';

/** Something that may be another in a text that is alike. */
interface Slot {
  /** JSON pointer in the value that the form was made of. */
  readonly pointer: string;
  readonly kind: 'text' | 'number';
  /** What stands between it and the slot before, or the beginning. */
  readonly before: string;
}

/** A text with slots. */
export class PrintedForm {
  /** JSON pointers of its slots, in their order. */
  readonly pointers: readonly string[];
  readonly #slots: readonly Slot[];
  readonly #rest: string;

  private constructor(slots: readonly Slot[], rest: string) {
    this.#slots = slots;
    this.#rest = rest;
    this.pointers = slots.map(({ pointer }) => pointer);
  }

  /** @param text JSON, one character for each byte @returns null: its names are not plain ASCII, or it is no JSON that is read here */
  static of(text: string, free: Free): PrintedForm | null {
    const reader = new FormReader(text);
    return reader.value(free, '') && reader.ended ? new PrintedForm(reader.slots, reader.rest) : null;
  }

  /** What stands in the slots of a text, in their order; null: it is not printed like this one. */
  namesIn(text: string): readonly string[] | null {
    const names: string[] = [];
    let at = 0;
    for (const { kind, before } of this.#slots) {
      const start = at + before.length;
      // Four times as fast as startsWith.
      if (text.slice(at, start) !== before) return null;
      at = start;
      const end = kind === 'text' ? endOfText(text, at) : endOfNumber(text, at);
      if (end < 0) return null;
      names.push(text.slice(at, end));
      at = end;
    }
    return text.slice(at) === this.#rest ? names : null;
  }
}

const QUOTE = 0x22;
const ZERO = 0x30;
const NINE = 0x39;

/** Printed ASCII characters but for quotes and backslashes. */
const PLAIN = /[ !#-[\]-~]*/y;

/** Where the quote stands that ends a string of printed ASCII characters alone; -1: it has others, or escapes. */
function endOfText(text: string, from: number): number {
  PLAIN.lastIndex = from;
  PLAIN.test(text);
  const end = PLAIN.lastIndex;
  return text.charCodeAt(end) === QUOTE ? end : -1;
}

/** Where a natural number ends; -1: there is none, or another number. */
function endOfNumber(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(at)) at++;
  if (at === from || (text.charCodeAt(from) === ZERO && at > from + 1)) return -1;
  return /[.eE]/.test(text.charAt(at)) ? -1 : at;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SCALAR = /[-+.0-9A-Za-z]+/y;
const COLON = /[ \t\n\r]*:/y;
const COMMA = /[ \t\n\r]*,/y;

/** Reads a JSON text (RFC 8259) from its beginning, and notes what is free in it. */
class FormReader {
  readonly slots: Slot[] = [];
  readonly #text: string;
  #at = 0;
  /** Behind the last slot. */
  #done = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    this.#skip(SPACE);
    return this.#at === this.#text.length;
  }

  /** What stands behind the last slot. */
  get rest(): string {
    return this.#text.slice(this.#done);
  }

  /** Reads a value. @returns false: it is none that is read here */
  value(free: Free | undefined, pointer: string): boolean {
    this.#skip(SPACE);
    const first = this.#text.charAt(this.#at);
    if (first === '{') return this.#object(free, pointer);
    if (first === '[') return this.#array(free, pointer);
    const start = this.#at;
    if (first === '"') {
      const isFree = free === 'text' || free === 'any';
      return this.#skip(STRING) && (!isFree || this.#note('text', start + 1, this.#at - 1, pointer));
    }
    const isNumber = free === 'number' && endOfNumber(this.#text, start) > 0;
    return this.#skip(SCALAR) && (!isNumber || this.#note('number', start, this.#at, pointer));
  }

  #object(free: Free | undefined, pointer: string): boolean {
    return this.#list('}', () => {
      this.#skip(SPACE);
      const start = this.#at;
      if (!this.#skip(STRING)) return false;
      const key = this.#text.slice(start + 1, this.#at - 1);
      return this.#skip(COLON) && this.value(memberOf(free, key), `${pointer}/${key}`);
    });
  }

  #array(free: Free | undefined, pointer: string): boolean {
    const each = typeof free === 'object' && 'each' in free ? free.each : free === 'any' ? free : undefined;
    return this.#list(']', (index) => this.value(each, `${pointer}/${index}`));
  }

  #list(close: string, readOne: (index: number) => boolean): boolean {
    this.#at++;
    this.#skip(SPACE);
    for (let index = 0; this.#text.charAt(this.#at) !== close; index++) {
      if ((index > 0 && !this.#skip(COMMA)) || !readOne(index)) return false;
      this.#skip(SPACE);
    }
    this.#at++;
    return true;
  }

  #note(kind: Slot['kind'], start: number, end: number, pointer: string): boolean {
    this.slots.push({ pointer, kind, before: this.#text.slice(this.#done, start) });
    this.#done = end;
    return (kind === 'text' ? endOfText(this.#text, start) : endOfNumber(this.#text, start)) === end;
  }

  /** Goes on behind what is to stand here. @returns false: it does not */
  #skip(what: RegExp): boolean {
    what.lastIndex = this.#at;
    const stands = what.test(this.#text);
    if (stands) this.#at = what.lastIndex;
    return stands;
  }
}

/** What may differ in a member. */
function memberOf(free: Free | undefined, key: string): Free | undefined {
  if (free === 'any') return free;
  return typeof free === 'object' && 'members' in free ? free.members.get(key) : undefined;
}
