import { parseAddress } from '../../model/address.ts';

const SPACE = 0x20;
const DASH = 0x2d;
const BANG = 0x21;
const LOWER_S = 0x73;
const LOWER_D = 0x64;
const HOST_LENGTHS: ReadonlySet<string> = new Set(['', '32', '128']);
const LONGEST_ADDRESS = 50;

/**
 * The rules of one chain by the single address that their `-d` names. A rule is filed under an address only when `-d` stands
 * where iptables-save writes it (first, or right after `-s`), is not negated, and names one host; every other rule (no `-d`,
 * `! -d`, a wider or a non-prefix mask, another order of options) may match any address.
 */
export class DestinationIndex {
  private readonly hosts = new Map<string, number[]>();
  private readonly anywhere: number[] = [];

  /** Files rule number `ordinal`, whose options begin at `options` (after `-A CHAIN `) and end at `end`. */
  add(ordinal: number, bytes: Buffer, options: number, end: number): void {
    const host = destinationHost(bytes, options, end);
    if (host === undefined) {
      this.anywhere.push(ordinal);
      return;
    }
    const same = this.hosts.get(host);
    if (same === undefined) this.hosts.set(host, [ordinal]);
    else same.push(ordinal);
  }

  /** The ordinals of every rule that may match a packet to this canonical address, ascending. */
  candidates(destination: string): readonly number[] {
    const hosts = this.hosts.get(destination);
    if (hosts === undefined) return this.anywhere;
    if (this.anywhere.length === 0) return hosts;
    return [...hosts, ...this.anywhere].toSorted((a, b) => a - b);
  }
}

function destinationHost(bytes: Buffer, options: number, end: number): string | undefined {
  let at = options;
  if (bytes[at] === BANG && bytes[at + 1] === SPACE && isOption(bytes, at + 2, LOWER_S)) at += 2;
  if (isOption(bytes, at, LOWER_S)) at = bytes.indexOf(SPACE, at + 3) + 1;
  if (at === 0 || !isOption(bytes, at, LOWER_D)) return undefined;
  const from = at + 3;
  let to = from;
  while (to < end && bytes[to] !== SPACE && to - from < LONGEST_ADDRESS) to += 1;
  const text = bytes.toString('latin1', from, to);
  const slash = text.indexOf('/');
  if (!HOST_LENGTHS.has(slash < 0 ? '' : text.slice(slash + 1))) return undefined;
  const address = slash < 0 ? text : text.slice(0, slash);
  if (isCanonical(address)) return address;
  return parseAddress(address)?.text;
}

function isOption(bytes: Buffer, at: number, letter: number): boolean {
  return bytes[at] === DASH && bytes[at + 1] === letter && bytes[at + 2] === SPACE;
}

/** Whether an address is surely in canonical text: what iptables-save prints nearly always is. */
function isCanonical(text: string): boolean {
  if (!text.includes(':')) return /^(?:(?:[1-9]?\d|1\d\d|2[0-4]\d|25[0-5])(?:\.(?=\d)|$)){4}$/.test(text);
  return (
    /^(?:[1-9a-f][0-9a-f]{0,3}:){1,6}:(?:[1-9a-f][0-9a-f]{0,3}:){0,5}[1-9a-f][0-9a-f]{0,3}$/.test(text) &&
    text.split(':').length < 8
  );
}
