/**
 * Finds the elements of a long list by the name that stands in each, without a look at the rest of them.
 *
 * In: the bytes of a list that is printed with one member a line and indented by depth, and where in an element the name stands. Out: where
 * the named values are, and which elements have none that is found so.
 */
import { COMMA, OPEN_BRACE, QUOTE } from './byte-scan.ts';
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
  /** The named members, by name. */
  readonly members: ReadonlyMap<string, ElementPlace>;
  /** Elements that have another shape, or the name of an earlier one. */
  readonly others: readonly ElementPlace[];
}

/**
 * Finds the named members of a list.
 * @returns undefined when the list is printed in any other way
 */
export function printedMembers(bytes: Buffer, list: Span, shape: NamedShape): NamedPlaces | undefined {
  const layout = layoutOf(bytes, list, shape);
  if (layout === null) return undefined;
  const elements = new NamedElements(bytes, layout);
  const members = new Map<string, ElementPlace>();
  const others: ElementPlace[] = [];
  let index = 0;
  for (let at = list.start + 1; at !== layout.end; index++) {
    const found = elements.read(at);
    if (found !== null && !members.has(found.name)) {
      const { name, start, end, next } = found;
      members.set(name, { index, start, end });
      at = next;
      continue;
    }
    const end = elements.endOf(at);
    if (end === null) return undefined;
    others.push({ index, start: at + layout.open.length - 2, end: end.of });
    at = end.next;
  }
  return { members, others };
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
  read(at: number): { name: string; start: number; end: number; next: number } | null {
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
    return name === null || next === null || !this.#isAlone(at, open, end, next) ? null : { name, start, end, next };
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

/** The text of a string that has no escapes; null: it has. */
function plainText(bytes: Buffer, start: number): string | null {
  const end = bytes.indexOf(QUOTE, start);
  const text = bytes.toString('latin1', start, end);
  const isMember = bytes[end + 1] === COMMA || bytes[end + 1] === NEWLINE;
  return end >= 0 && isMember && /^[ !#-[\]-~]*$/.test(text) ? text : null;
}
