import { parseAddress } from '../../model/address.ts';
import { BANG, DASH, NEWLINE, SPACE } from './bytes.ts';

const LOWER_S = 0x73;
const LOWER_D = 0x64;
const LONGEST_ADDRESS = 50;
/** A table is made when a chain has been asked about this many destinations; before, reading each line's `-d` is cheaper. */
const QUESTIONS = 3;

/** The rules of a chain, by their ordinals. */
export interface ChainLines {
  readonly length: number;
  /** Where the options of a rule begin, after `-A CHAIN `; -1: its line is written in another form. */
  optionsOf(ordinal: number): number;
  /** Where the line of a rule begins; that of `length` where the last one ends. undefined: they do not follow each other. */
  startOf(ordinal: number): number | undefined;
}

/**
 * The beginning of each line but those whose `-d` names, where iptables-save writes it, one IPv4 host in canonical text. As one
 * expression it is compiled at its first use on a long text, which a loop over the bytes of some thousand lines is too short for.
 */
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const NOT_ONE_HOST = new RegExp(
  `^(?!(?:\\[[\\d:]+\\] )?-A [^ \\n]+ (?:(?:! )?-s [^ \\n]+ )?-d ${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}(?:/32)? )`,
  'gm',
);
/** Longer text is no string for V8. */
const LONGEST_TEXT = 2 ** 28;

/**
 * The rules of one chain by the single address that their `-d` names. A rule counts as one for an address only when `-d` stands
 * where iptables-save writes it (first, or right after `-s`), is not negated, and names one host; every other rule (no `-d`,
 * `! -d`, a wider or a non-prefix mask, another order of options) may match any address.
 */
export class DestinationFilter {
  private readonly bytes: Buffer;
  private readonly lines: ChainLines;
  private questions = 0;
  private hosts: Map<string, number[]> | undefined;
  private readonly anywhere: number[] = [];

  constructor(bytes: Buffer, lines: ChainLines) {
    this.bytes = bytes;
    this.lines = lines;
  }

  /** The ordinals of every rule that may match a packet to this canonical address, ascending. */
  candidates(destination: string): readonly number[] {
    this.questions += 1;
    if (this.questions <= QUESTIONS) return this.read(destination);
    this.hosts ??= this.tabulate();
    const hosts = this.hosts.get(destination);
    if (hosts === undefined) return this.anywhere;
    if (this.anywhere.length === 0) return hosts;
    return [...hosts, ...this.anywhere].toSorted((a, b) => a - b);
  }

  private read(destination: string): number[] {
    const suspects = this.suspects(destination) ?? Array.from({ length: this.lines.length }, (_, ordinal) => ordinal);
    return suspects.filter((ordinal) => {
      const at = this.destinationOf(ordinal);
      const host = at < 0 ? undefined : hostAddress(this.bytes, at);
      return host === undefined || host === destination;
    });
  }

  /** In order, at least every rule that may match; undefined: the lines of the chain do not follow each other. */
  private suspects(destination: string): number[] | undefined {
    const from = this.lines.startOf(0);
    const to = this.lines.startOf(this.lines.length);
    if (from === undefined || to === undefined || to - from > LONGEST_TEXT) return undefined;
    const text = this.bytes.toString('latin1', from, to);
    const found = new Set<number>();
    NOT_ONE_HOST.lastIndex = 0;
    for (const { index } of text.matchAll(NOT_ONE_HOST))
      if (index < text.length) found.add(this.ordinalAt(from + index));
    const needle = ` -d ${destination}`;
    for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1))
      found.add(this.ordinalAt(from + at));
    return [...found].toSorted((a, b) => a - b);
  }

  /** The rule in whose line an offset lies. */
  private ordinalAt(offset: number): number {
    let low = 0;
    let high = this.lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.lines.startOf(middle) ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private tabulate(): Map<string, number[]> {
    const hosts = new Map<string, number[]>();
    for (let ordinal = 0; ordinal < this.lines.length; ordinal += 1) {
      const at = this.destinationOf(ordinal);
      const host = at < 0 ? undefined : hostAddress(this.bytes, at);
      const same = host === undefined ? this.anywhere : hosts.get(host);
      if (same !== undefined) same.push(ordinal);
      else if (host !== undefined) hosts.set(host, [ordinal]);
    }
    return hosts;
  }

  /** Where the value of a rule's `-d` stands; -1: not where iptables-save writes it. */
  private destinationOf(ordinal: number): number {
    const { bytes } = this;
    let at = this.lines.optionsOf(ordinal);
    if (at < 0) return -1;
    if (bytes[at] === BANG && bytes[at + 1] === SPACE && isOption(bytes, at + 2, LOWER_S)) at += 2;
    if (isOption(bytes, at, LOWER_S)) {
      at += 3;
      while (at < bytes.length && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at += 1;
      at += 1;
    }
    return isOption(bytes, at, LOWER_D) ? at + 3 : -1;
  }
}

function isOption(bytes: Buffer, at: number, letter: number): boolean {
  return bytes[at] === DASH && bytes[at + 1] === letter && bytes[at + 2] === SPACE;
}

/** The canonical address of `10.0.0.1/32`, `fd00::1/128` or a bare address. */
function hostAddress(bytes: Buffer, from: number): string | undefined {
  let to = from;
  while (to - from < LONGEST_ADDRESS && (bytes[to] ?? 0) > SPACE) to += 1;
  const text = bytes.toString('latin1', from, to);
  const length = text.includes(':') ? '/128' : '/32';
  const host = text.endsWith(length) ? text.slice(0, -length.length) : text;
  if (isCanonical(host)) return host;
  return host.includes('/') ? undefined : parseAddress(host)?.text;
}

/** Whether an address is surely in canonical text: what iptables-save prints nearly always is. */
function isCanonical(text: string): boolean {
  if (!text.includes(':')) return /^(?:(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?=\d)|$)){4}$/.test(text);
  return (
    /^(?:[1-9a-f][0-9a-f]{0,3}:){1,6}:(?:[1-9a-f][0-9a-f]{0,3}:){0,5}[1-9a-f][0-9a-f]{0,3}$/.test(text) &&
    text.split(':').length < 8
  );
}
