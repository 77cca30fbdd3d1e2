/**
 * Finds the rules of a chain in the bytes of `nft -j list ruleset`. In: where its objects stand. Out: which of them are the rules of a chain
 * that somebody asks for. It knows objects by their beginnings, as nft prints them (src/json.c, rule_print_json, chain_print_json), and no others.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, QUOTE } from '../json-index/byte-scan.ts';
import type { ObjectPlaces } from './json-objects.ts';

const NAME = '[ !#-[\\]-~]+';
const OBJECT = new RegExp(`\\{"(?:rule|chain)": \\{"family": "(\\w+)", "table": "(${NAME})", "`, 'y');
/** What may stand between a rule's chain and its statements, and what behind the name of a chain that hangs on no hook. */
const RULE_BODY = '", "handle": \\d+(?:, "comment": "[^"]*")?, "expr": \\[';
const CHAIN_BODY = '", "handle": \\d+\\}\\}';
const KIND = 2;
const R_OF_RULE = 0x72;
const AT_SIGN = 0x40;
/** Where a name would end, of objects that are to be read as a whole. */
const UNKNOWN = 0;

/** So many chains are looked for among all names; for who asks for more the names are sorted first. */
const UNSORTED_LOOKUPS = 64;

interface Table {
  readonly number: number;
  /** How long the text before a chain's name is, in a rule and in a chain. */
  readonly beforeRule: number;
  readonly beforeChain: number;
  /** Finds a rule or a chain of the table, up to the end of the chain's name. */
  readonly object: RegExp;
}

/** Names of chains are compared, not made: of ten thousand, few are asked for. */
export class PrintedChains {
  private readonly bytes: Buffer;
  /** The bytes, a character for each: expressions are compiled at once, a loop after it ran for a while. */
  private readonly text: string;
  private readonly places: ObjectPlaces;
  private readonly onTable: (family: string, table: string) => void;
  private readonly tables = new Map<string, Table>();
  /** Of each object: its table, and where its chain's name stands, with a hash by which to find it. */
  private readonly owners: Int32Array;
  private readonly hashes: Int32Array;
  private readonly nameEnds: Int32Array;
  private sorted: ReadonlyMap<string, readonly number[]> | undefined;
  private lookups = 0;

  /** @param onTable is told each table when its first object comes */
  constructor(bytes: Buffer, places: ObjectPlaces, onTable: (family: string, table: string) => void) {
    this.bytes = bytes;
    this.text = bytes.toString('latin1');
    this.places = places;
    this.onTable = onTable;
    this.owners = new Int32Array(places.starts.length);
    this.hashes = new Int32Array(places.starts.length);
    this.nameEnds = new Int32Array(places.starts.length);
  }

  /**
   * Looks at every object.
   * @param onOther is told the number of each that is something else, or has to be read whole
   */
  index(onOther: (place: number) => void): void {
    const { starts } = this.places;
    const isSpecial = new Uint8Array(starts.length);
    this.markObjectsWith(AT_SIGN, isSpecial);
    this.markObjectsWith(BACKSLASH, isSpecial);
    let table: Table | undefined;
    for (let place = 0; place < starts.length; place += 1) {
      const start = starts[place] ?? 0;
      let end = isSpecial[place] === 1 ? UNKNOWN : this.nameEnd(table, start);
      if (end === UNKNOWN && isSpecial[place] !== 1) {
        table = this.tableOf(start) ?? table;
        end = this.nameEnd(table, start);
      }
      if (table === undefined || end === UNKNOWN || !this.isWhole(place)) onOther(place);
      else {
        const name = start + (this.isRule(place) ? table.beforeRule : table.beforeChain);
        this.owners[place] = table.number;
        this.hashes[place] = hashOf(this.text, name, end);
        this.nameEnds[place] = end;
      }
    }
  }

  /** Numbers of the objects that are the rules of the chain, in order; undefined: no object that is known names it. */
  rulesOf(family: string, table: string, chain: string): readonly number[] | undefined {
    const owner = this.tables.get(`${family} ${table}`)?.number;
    if (owner === undefined) return undefined;
    this.lookups += 1;
    if (this.lookups <= UNSORTED_LOOKUPS) return this.search(owner, chain);
    this.sorted ??= this.sortedNames();
    return this.sorted.get(`${owner} ${chain}`);
  }

  private search(owner: number, chain: string): readonly number[] | undefined {
    const { bytes, hashes, nameEnds, owners } = this;
    const hash = hashOf(chain, 0, chain.length);
    let found: number[] | undefined;
    for (let place = hashes.indexOf(hash); place >= 0; place = hashes.indexOf(hash, place + 1)) {
      const end = nameEnds[place] ?? UNKNOWN;
      const name = end - chain.length;
      // No name holds a quote, so that this one is as long.
      if (end === UNKNOWN || owners[place] !== owner || bytes[name - 1] !== QUOTE) continue;
      if (!this.text.startsWith(chain, name)) continue;
      found ??= [];
      if (this.isRule(place)) found.push(place);
    }
    return found;
  }

  private sortedNames(): ReadonlyMap<string, readonly number[]> {
    const sorted = new Map<string, number[]>();
    for (const [place, end] of this.nameEnds.entries()) {
      if (end === UNKNOWN) continue;
      const key = `${this.owners[place]} ${this.text.slice(this.text.lastIndexOf('"', end - 1) + 1, end)}`;
      const rules = sorted.get(key) ?? [];
      if (this.isRule(place)) rules.push(place);
      sorted.set(key, rules);
    }
    return sorted;
  }

  /** A rule may change the sets that it names with an `@`, and a backslash may write a name in another way. */
  private markObjectsWith(byte: number, marks: Uint8Array): void {
    const { ends } = this.places;
    let place = 0;
    for (let at = this.bytes.indexOf(byte); at >= 0; at = this.bytes.indexOf(byte, ends[place])) {
      while (place < ends.length && (ends[place] ?? 0) <= at) place += 1;
      if (place === ends.length) return;
      marks[place] = 1;
    }
  }

  /** Where the name of the chain ends, of an object of that table. */
  private nameEnd(table: Table | undefined, start: number): number {
    if (table === undefined) return UNKNOWN;
    table.object.lastIndex = start;
    return table.object.test(this.text) ? table.object.lastIndex : UNKNOWN;
  }

  private tableOf(start: number): Table | undefined {
    OBJECT.lastIndex = start;
    const [, family, name] = OBJECT.exec(this.text) ?? [];
    if (family === undefined || name === undefined) return undefined;
    const key = `${family} ${name}`;
    const known = this.tables.get(key);
    if (known !== undefined) return known;
    const owner = `{"family": "${family}", "table": "${name}"`;
    const rule = `{"rule": ${owner}, "chain": "`;
    const chain = `{"chain": ${owner}, "name": "`;
    const [ruleName, chainName] = [`${NAME}(?=${RULE_BODY})`, `${NAME}(?=${CHAIN_BODY})`];
    const object = new RegExp(`${literal(rule)}${ruleName}|${literal(chain)}${chainName}`, 'y');
    const made = { number: this.tables.size, beforeRule: rule.length, beforeChain: chain.length, object };
    this.tables.set(key, made);
    this.onTable(family, name);
    return made;
  }

  private isRule(place: number): boolean {
    return this.bytes[(this.places.starts[place] ?? 0) + KIND] === R_OF_RULE;
  }

  /** Whether nothing stands behind a rule's statements, which could say again where it belongs. */
  private isWhole(place: number): boolean {
    if (!this.isRule(place)) return true;
    const { bytes } = this;
    const { ends, parts } = this.places;
    const end = ends[place] ?? 0;
    const closing = bytes[end - 3] === CLOSE_BRACKET && bytes[end - 2] === CLOSE_BRACE;
    return parts[place] === 1 && closing;
  }
}

/** Of some of the name's characters: kube-proxy has those that differ behind the first word. */
function hashOf(text: string, from: number, end: number): number {
  const length = end - from;
  const [first, second] = [text.charCodeAt(from + (length >> 2)), text.charCodeAt(from + (length >> 1))];
  return length ^ (first << 8) ^ (second << 16) ^ (text.charCodeAt(end - 1) << 24);
}

/** An expression for this text. */
function literal(text: string): string {
  return text.replaceAll(/[^\w\s"-]/g, '\\$&');
}
