/**
 * Finds the objects of `nft -j list ruleset` without reading them: of ten thousand, a packet meets a dozen. In: the bytes. Out: where each
 * object stands, and to which chain one belongs that is printed as nft prints it (src/json.c, rule_print_json, chain_print_json). It judges no values.
 */
import { BACKSLASH, CLOSE_BRACKET, COMMA, OPEN_BRACE, QUOTE, skipSpace, skipValue } from '../json-index/byte-scan.ts';

/** Where the objects stand, in order; `ends` are behind the last brace. */
export interface ObjectPlaces {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const BEGINNING = /^\s*\{\s*"nftables"\s*:\s*\[/;
const END = /^\s*\}\s*$/;
const LONGEST_BEGINNING = 100;
/** Behind the array there is a brace and a line feed. */
const LONGEST_END = 100;

/** More are not noted one by one: a node with a million Services has fewer, and a hostile listing would fill the memory. */
const MOST_OBJECTS = 2_000_000;

/** @returns null when the text is not that array alone, not whole, or too long: then it is to be read as any other document */
export function findObjects(bytes: Buffer): ObjectPlaces | null {
  const beginning = BEGINNING.exec(bytes.toString('latin1', 0, Math.min(bytes.length, LONGEST_BEGINNING)))?.[0];
  if (beginning === undefined) return null;
  const starts: number[] = [];
  const ends: number[] = [];
  let at = skipSpace(bytes, beginning.length);
  while (bytes[at] === OPEN_BRACE) {
    const end = skipValue(bytes, at);
    if (end < 0 || starts.length === MOST_OBJECTS) return null;
    starts.push(at);
    ends.push(end);
    at = skipSpace(bytes, end);
    if (bytes[at] !== COMMA) break;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] !== OPEN_BRACE) return null;
  }
  if (bytes[at] !== CLOSE_BRACKET || bytes.length - at > LONGEST_END) return null;
  return END.test(bytes.toString('latin1', at + 1, bytes.length)) ? { starts, ends } : null;
}

/** A rule, or a chain that hangs on no hook, of which it is known where it belongs. */
export interface ObjectHead {
  readonly kind: 'rule' | 'chain';
  readonly family: string;
  readonly table: string;
  readonly chain: string;
}

const RULE = Buffer.from('{"rule": {"family": "');
const TABLE = Buffer.from('", "table": "');
const CHAIN = Buffer.from('", "chain": "');
const CHAIN_OBJECT = Buffer.from('{"chain": {"family": "');
const NAME = Buffer.from('", "name": "');
const HANDLE = Buffer.from('", "handle": ');
const FIRST_PRINTED = 0x20;
const LAST_PRINTED = 0x7e;
/** Members that would say it again, differently, and names of sets, which the rule may change. */
const MORE = /"(?:rule"|table"|chain"|@)/;

/** What follows where a chain has nothing else. */
const ONLY_HANDLE = /^\d+\}\}$/;

/** Reads where rules and chains belong, one after the other: those of a table stand together. */
export class ObjectHeads {
  private readonly bytes: Buffer;
  private last: { readonly from: Buffer; readonly family: string; readonly table: string } | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** @returns undefined when the object is something else, or has to be read whole */
  read(start: number, end: number): ObjectHead | undefined {
    const { bytes } = this;
    const isRule = bytes[start + 2] === RULE[2];
    const beginning = isRule ? RULE : CHAIN_OBJECT;
    if (!this.stands(beginning, start)) return undefined;
    const tableEnd = this.tableEnd(start + beginning.length);
    const before = isRule ? CHAIN : NAME;
    if (tableEnd < 0 || this.last === undefined || !this.stands(before, tableEnd)) return undefined;
    const chainStart = tableEnd + before.length;
    const chainEnd = this.nameEnd(chainStart);
    if (!this.stands(HANDLE, chainEnd)) return undefined;
    const rest = bytes.toString('latin1', chainEnd + HANDLE.length, end);
    if (isRule ? MORE.test(rest) : !ONLY_HANDLE.test(rest)) return undefined;
    const { family, table } = this.last;
    return { kind: isRule ? 'rule' : 'chain', family, table, chain: bytes.toString('latin1', chainStart, chainEnd) };
  }

  /** The end of the table's name, of which the family's begins at `from`; `last` has both then. -1: they are not printed so. */
  private tableEnd(from: number): number {
    const { last, bytes } = this;
    if (last !== undefined && this.stands(last.from, from)) return from + last.from.length - 1;
    const familyEnd = this.nameEnd(from);
    if (!this.stands(TABLE, familyEnd)) return -1;
    const tableStart = familyEnd + TABLE.length;
    const tableEnd = this.nameEnd(tableStart);
    if (bytes[tableEnd] !== QUOTE) return -1;
    const family = bytes.toString('latin1', from, familyEnd);
    this.last = {
      from: bytes.subarray(from, tableEnd + 1),
      family,
      table: bytes.toString('latin1', tableStart, tableEnd),
    };
    return tableEnd;
  }

  private stands(text: Buffer, at: number): boolean {
    const { bytes } = this;
    for (let index = 0; index < text.length; index += 1) if (bytes[at + index] !== text[index]) return false;
    return true;
  }

  /** Where a name of plain characters ends: at its quote, or at what is none of them. */
  private nameEnd(from: number): number {
    const { bytes } = this;
    let at = from;
    for (;;) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH || byte < FIRST_PRINTED || byte > LAST_PRINTED) return at;
      at += 1;
    }
  }
}
