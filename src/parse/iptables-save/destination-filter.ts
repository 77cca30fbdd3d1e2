import { parseAddress } from '../../model/address.ts';
import { BANG, DASH, DOT, NEWLINE, NINE, SLASH, SPACE, THREE, TWO, ZERO } from './bytes.ts';

const LOWER_S = 0x73;
const LOWER_D = 0x64;
const LONGEST_ADDRESS = 50;
/** A table is made when a chain has been asked about this many destinations; before, reading each line's `-d` is cheaper. */
const QUESTIONS = 3;

/** Where the options of a rule begin, after `-A CHAIN `; -1: its line is written in another form. */
export type OptionsOf = (ordinal: number) => number;

/**
 * The rules of one chain by the single address that their `-d` names. A rule counts as one for an address only when `-d` stands
 * where iptables-save writes it (first, or right after `-s`), is not negated, and names one host; every other rule (no `-d`,
 * `! -d`, a wider or a non-prefix mask, another order of options) may match any address.
 */
export class DestinationFilter {
  private readonly bytes: Buffer;
  private readonly length: number;
  private readonly optionsOf: OptionsOf;
  private questions = 0;
  private hosts: Map<string, number[]> | undefined;
  private readonly anywhere: number[] = [];

  /** @param length how many rules the chain has */
  constructor(bytes: Buffer, length: number, optionsOf: OptionsOf) {
    this.bytes = bytes;
    this.length = length;
    this.optionsOf = optionsOf;
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
    const asked = Buffer.from(destination);
    const found: number[] = [];
    for (let ordinal = 0; ordinal < this.length; ordinal += 1) {
      const at = this.destinationOf(ordinal);
      if (at >= 0 && isOtherAddress(this.bytes, at, asked)) continue;
      const host = at < 0 ? undefined : hostAddress(this.bytes, at);
      if (host === undefined || host === destination) found.push(ordinal);
    }
    return found;
  }

  private tabulate(): Map<string, number[]> {
    const hosts = new Map<string, number[]>();
    for (let ordinal = 0; ordinal < this.length; ordinal += 1) {
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
    let at = this.optionsOf(ordinal);
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

/**
 * Whether an IPv4 host in canonical text stands here, other than the one asked for. Made for chains of thousands of rules, of which
 * nearly all say no: nothing is decoded.
 */
function isOtherAddress(bytes: Buffer, from: number, asked: Buffer): boolean {
  let at = from;
  let same = true;
  for (let part = 0; part < 4; part += 1) {
    let value = 0;
    const begin = at;
    for (let digit = bytes[at] ?? 0; digit >= ZERO && digit <= NINE && at - begin < 3; digit = bytes[at] ?? 0) {
      value = value * 10 + digit - ZERO;
      same &&= digit === asked[at - from];
      at += 1;
    }
    const zeroPadded = bytes[begin] === ZERO && at - begin > 1;
    if (at === begin || zeroPadded || value > 255) return false;
    if (part === 3) break;
    if (bytes[at] !== DOT) return false;
    same &&= asked[at - from] === DOT;
    at += 1;
  }
  const whole =
    bytes[at] === SPACE ||
    (bytes[at] === SLASH && bytes[at + 1] === THREE && bytes[at + 2] === TWO && bytes[at + 3] === SPACE);
  return whole && !(same && at - from === asked.length);
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
