/**
 * Finds the elements of a long list by the name that stands in each, without a look at the rest of them; those that are alike by one look at
 * their text, which tells all names in it.
 *
 * In: the bytes of a list that is printed with one member a line and indented by depth, and where in an element the name stands. Out: where
 * the named values are, and which elements have none that is found so.
 */
import type { Free } from '../../model/free.ts';
import { COMMA, OPEN_BRACE, QUOTE } from './byte-scan.ts';
import { isPlain, PrintedForms } from './printed-forms.ts';
import type { PrintedForm, PrintedNames } from './printed-forms.ts';
import type { Span } from './span-tree.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;

/** Where an element has its name. */
export interface NamedShape {
  /** The member that is looked for by name: an object. */
  readonly member: string;
  /** Its member that is the name: a text. */
  readonly name: string;
  /** A member of elements of which there is more to tell. */
  readonly without: string;
  /** What may differ between elements that are alike; null: none is looked for that is. */
  readonly free: Free | null;
}

/** Where an element, or a member of one, stands. */
export interface ElementPlace {
  /** Of the element in its list. */
  readonly index: number;
  /** Of the first byte, and of the one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** What a list holds. */
export interface NamedPlaces {
  /** No two have the same name. */
  readonly members: readonly NamedMember[];
  /** Elements that have another shape, or the name of an earlier one. */
  readonly others: readonly ElementPlace[];
}

/** A member that has a name. */
export class NamedMember {
  readonly name: string;
  readonly #elements: NamedElements;
  readonly #index: number;
  readonly #at: number;
  readonly #printed: PrintedNames | null;

  /**
   * @param index of its element in the list
   * @param at the line feed before that
   * @param printed what its text tells, if its names are plain; null: it is like none before
   */
  constructor(name: string, elements: NamedElements, index: number, at: number, printed: PrintedNames | null) {
    this.name = name;
    this.#elements = elements;
    this.#index = index;
    this.#at = at;
    this.#printed = printed;
  }

  /** What the text of its element tells; null: it is like no other, as far as was looked. */
  get printed(): PrintedNames | null {
    return this.#printed?.names.every(isPlain) === true ? this.#printed : null;
  }

  get place(): ElementPlace {
    return this.#elements.placeOf(this.#index, this.#at);
  }
}

/**
 * Finds the named members of a list.
 * @returns undefined when the list is printed in any other way
 */
export function printedMembers(bytes: Buffer, list: Span, shape: NamedShape): NamedPlaces | undefined {
  const layout = layoutOf(bytes, list, shape);
  if (layout === null) return undefined;
  const elements = new NamedElements(bytes, layout);
  const alike = shape.free === null ? null : new AlikeElements(bytes, list, layout, shape.free);
  const names = new Set<string>();
  const members: NamedMember[] = [];
  const others: ElementPlace[] = [];
  let index = 0;
  for (let at = list.start + 1; at !== layout.end; index++) {
    const found = alike?.find(at) ?? elements.read(at);
    if (found !== null && !names.has(found.name)) {
      names.add(found.name);
      members.push(new NamedMember(found.name, elements, index, at, found.printed));
      if (found.printed === null) alike?.add(at, found.next);
      at = found.next;
      continue;
    }
    const end = elements.endOf(at);
    if (end === null) return undefined;
    others.push({ index, start: at + layout.open.length - 2, end: end.of });
    at = end.next;
  }
  return { members, others };
}

/** An element that has a named member. */
interface FoundElement {
  readonly name: string;
  /** The line feed before the next element, or behind the last. */
  readonly next: number;
  /** What its text tells, if its names are plain; null: it is like none before. */
  readonly printed: PrintedNames | null;
}

/** How a list is printed: the beginnings and ends of its lines. */
interface ListLayout {
  /** Behind the last element: the line feed before the bracket that closes the list. */
  readonly end: number;
  /** The first line of an element, and its last. */
  readonly open: string;
  readonly close: Buffer;
  /** Members that an element must not have beside the named one: another of its name, the last of which would count, among them. */
  readonly others: readonly string[];
  readonly memberOpen: Buffer;
  readonly memberClose: Buffer;
  readonly nameOpen: Buffer;
  /** JSON pointer of the name in an element. */
  readonly namePointer: string;
}

function layoutOf(bytes: Buffer, list: Span, { member, name, without }: NamedShape): ListLayout | null {
  const first = list.start + 1;
  const end = bytes.lastIndexOf(NEWLINE, list.end - 1);
  const margin = blanksBehind(bytes, first);
  const inner = first + margin + 2;
  if (bytes[first] !== NEWLINE || bytes[inner - 1] !== OPEN_BRACE || bytes[inner] !== NEWLINE || end <= inner)
    return null;
  const step = blanksBehind(bytes, inner) - margin;
  if (step <= 0) return null;
  const line = (depth: number): string => `\n${' '.repeat(margin + depth * step)}`;
  return {
    end,
    open: `${line(0)}{\n`,
    close: Buffer.from(`${line(0)}}`),
    others: [`${line(1)}"${member}"`, `${line(1)}"${without}"`],
    memberOpen: Buffer.from(`${line(1)}"${member}": {\n`),
    memberClose: Buffer.from(`${line(1)}}`),
    nameOpen: Buffer.from(`${line(2)}"${name}": "`),
    namePointer: `/${member}/${name}`,
  };
}

function blanksBehind(bytes: Buffer, newline: number): number {
  let at = newline + 1;
  while (bytes[at] === SPACE) at++;
  return at - newline - 1;
}

/** Reads elements one after the other. */
class NamedElements {
  readonly #bytes: Buffer;
  readonly #layout: ListLayout;

  constructor(bytes: Buffer, layout: ListLayout) {
    this.#bytes = bytes;
    this.#layout = layout;
  }

  /** @param at the line feed before the element @returns null: it has another shape */
  read(at: number): (FoundElement & { start: number; end: number }) | null {
    const bytes = this.#bytes;
    const { memberOpen, memberClose, nameOpen, end: listEnd } = this.#layout;
    const open = bytes.indexOf(memberOpen, at);
    if (open < 0) return null;
    const start = open + memberOpen.length - 2;
    const close = bytes.indexOf(memberClose, start);
    if (close < 0 || close > listEnd) return null;
    const end = close + memberClose.length;
    const next = this.endOf(end)?.next ?? null;
    const nameAt = bytes.indexOf(nameOpen, start);
    const name = nameAt < 0 || nameAt > close ? null : plainText(bytes, nameAt + nameOpen.length);
    if (name === null || next === null || !this.#isAlone(at, open, end, next)) return null;
    return { name, next, start, end, printed: null };
  }

  /** @returns where the member of an element stands, which is nowhere in one that has line feeds inside a text and so is no JSON */
  placeOf(index: number, at: number): ElementPlace {
    const { length } = this.#bytes;
    const { start, end } = this.read(at) ?? { start: length, end: length };
    return { index, start, end };
  }

  /** The end of the element that a place is in, and the line feed before the next element, or behind the last; null: it is printed otherwise. */
  endOf(from: number): { readonly of: number; readonly next: number } | null {
    const bytes = this.#bytes;
    const { open, close, end } = this.#layout;
    const closing = bytes.indexOf(close, from);
    if (closing < 0 || closing > end) return null;
    const of = closing + close.length;
    if (of === end) return { of, next: end };
    const next = of + 1;
    return bytes[of] === COMMA && bytes.toString('latin1', next, next + open.length) === open ? { of, next } : null;
  }

  /** Whether an element ends in its last line and has nothing more to tell. */
  #isAlone(at: number, open: number, end: number, next: number): boolean {
    const bytes = this.#bytes;
    const { others, close } = this.#layout;
    const rest = bytes.toString('latin1', at, open) + bytes.toString('latin1', end, next);
    return !others.some((member) => rest.includes(member)) && !bytes.subarray(at, open).includes(close);
  }
}

/** Finds elements that are like earlier ones. Places are those in the text of the list. */
class AlikeElements {
  readonly #layout: ListLayout;
  readonly #forms: PrintedForms;
  readonly #text: string;
  /** Where the text stands in the bytes. */
  readonly #start: number;
  /** Where the name stands among the names of a form; -1: it is not known which of two counts. */
  readonly #places = new Map<PrintedForm, number>();

  constructor(bytes: Buffer, list: Span, layout: ListLayout, free: Free) {
    this.#layout = layout;
    this.#forms = new PrintedForms(free);
    this.#text = bytes.toString('latin1', list.start, list.end);
    this.#start = list.start;
  }

  /** @param at the line feed before the element @returns null: it is like none before */
  find(at: number): FoundElement | null {
    const found = this.#forms.find(this.#text, at - this.#start);
    if (found === null) return null;
    const { form, names } = found;
    const name = names[this.#placeIn(form)];
    if (name === undefined || !isPlain(name)) return null;
    const { open, end } = this.#layout;
    const of = this.#start + found.end;
    if (of !== end && (this.#text.charCodeAt(found.end) !== COMMA || !this.#opens(found.end + 1, open))) return null;
    return { name, next: of === end ? end : of + 1, printed: found };
  }

  /** Others may be like the element. @param next what stands behind it */
  add(at: number, next: number): void {
    const end = next === this.#layout.end ? next : next - 1;
    this.#forms.add(this.#text.slice(at - this.#start, end - this.#start));
  }

  #opens(from: number, open: string): boolean {
    return this.#text.slice(from, from + open.length) === open;
  }

  #placeIn(form: PrintedForm): number {
    let place = this.#places.get(form);
    if (place === undefined) {
      const { namePointer } = this.#layout;
      const first = form.pointers.indexOf(namePointer);
      place = form.pointers.lastIndexOf(namePointer) === first ? first : -1;
      this.#places.set(form, place);
    }
    return place;
  }
}

/** The text of a string that has no escapes; null: it has. */
function plainText(bytes: Buffer, start: number): string | null {
  const end = bytes.indexOf(QUOTE, start);
  const text = bytes.toString('latin1', start, end);
  const isMember = bytes[end + 1] === COMMA || bytes[end + 1] === NEWLINE;
  return end >= 0 && isMember && isPlain(text) ? text : null;
}
