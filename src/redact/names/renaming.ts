import { lengthMask, maskLength, parseAddress, parsePrefix, type Address } from '../../model/address.ts';
import { redacted } from '../../model/redaction.ts';
import type { KeyedHash } from '../hiding.ts';
import { AddressPermutation } from './address-permutation.ts';
import { isOfVocabulary } from './vocabulary.ts';

const REMEMBERED = 100_000;
/** Letters of pseudonyms: none of them makes a number, a unit or an address of it. */
const LETTERS = 'abcdefghijklmnop';
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * The parts of a text, most particular first: pseudonyms of secrets, times, ranges of addresses, IPv6 addresses and MACs (told apart
 * later), IPv4 addresses, addresses as DNS labels, words. All of them are linear: the classes that follow each other share no character.
 */
const PARTS = new RegExp(
  [
    String.raw`REDACTED-[0-9a-f]{12}`,
    // options of rules, and the extensions that they belong to
    String.raw`(?<=\s)--[a-z][a-z0-9-]*(?=\s)`,
    String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?`,
    String.raw`(?<![A-Za-z0-9:.])[0-9a-fA-F]{1,4}:[0-9a-fA-F:]{1,36}-[0-9a-fA-F]{1,4}:[0-9a-fA-F:]{1,36}(?![\w:])`,
    String.raw`(?<![A-Za-z0-9.])\d{1,3}(?:\.\d{1,3}){3}-\d{1,3}(?:\.\d{1,3}){3}(?![\w.])`,
    String.raw`(?<![A-Za-z0-9:])(?:[0-9a-fA-F]{0,4}:){2,8}(?:[0-9a-fA-F]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?(?:\/\d{1,3}(?!\w))?(?![\w:])`,
    String.raw`(?<![A-Za-z0-9.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,3}(?:\.\d{1,3}){3}|\/\d{1,2}(?!\d))?(?![0-9A-Za-z])`,
    String.raw`(?<![\w-])\d{1,3}(?:-\d{1,3}){3}(?![\w-])`,
    String.raw`[\p{L}\p{N}]+(?:-+[\p{L}\p{N}]+)*`,
  ].join('|'),
  'gu',
);

/** Numbers, numbers with units, marks and masks, versions of APIs. */
const NO_NAME =
  /^(?:\d[\d-]*|\d+(?:ns|us|ms|s|m|h|d|b|[kmgtpe]i?b?)|0[xX][0-9a-fA-F]+|v\d{1,3}(?:(?:alpha|beta)\d{1,3})?|\p{L})$/iu;
/** Chains of kube-proxy, whose names end in a hash of the Service's name that anybody could compute (pkg/proxy/iptables/proxier.go). */
const KUBE_CHAIN = /^(KUBE-(?:SVC|SVL|SEP|FW|EXT|XLB|DST|SRC)-)([A-Z2-7]{16})$/;
const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

/** Gives names and addresses of one snapshot other ones; the same everywhere, so that what was equal stays equal. */
export class Renaming {
  private readonly hash: KeyedHash;
  private readonly permutation: AddressPermutation;
  private readonly texts = new Map<string, string>();
  private readonly interfaces = new Set<string>();
  /** Words that were seen as names, for texts that are prose otherwise. */
  private readonly names = new Set<string>();

  constructor(hash: KeyedHash) {
    this.hash = hash;
    this.permutation = new AddressPermutation(hash);
  }

  /** Interfaces keep their names: they tell nothing of anybody, and rules match the beginnings of them. */
  keepInterface(name: string): void {
    if (!this.interfaces.has(name)) this.texts.clear();
    this.interfaces.add(name);
  }

  /** Any text: each address and each word that could be a name. */
  text(text: string): string {
    const before = this.texts.get(text);
    if (before !== undefined) return before;
    const after = this.interfaces.has(text) ? text : text.replace(PARTS, (part) => this.part(part));
    if (text.length < 512) {
      if (this.texts.size >= REMEMBERED) this.texts.clear();
      this.texts.set(text, after);
    }
    return after;
  }

  /** As `text`, and the words in it are names from now on. */
  name(name: string): string {
    for (const [part] of name.matchAll(PARTS)) if (!this.stays(part)) this.names.add(part);
    return this.text(name);
  }

  /** Prose: only what was seen as a name is one here. */
  prose(text: string): string {
    return text.replace(PARTS, (part) => (this.names.has(part) || /[.:]/.test(part) ? this.part(part) : part));
  }

  /** The beginning of other texts: what it becomes is the beginning of what they become, as long as no word was cut. */
  beginning(text: string): string {
    return /[\p{L}\p{N}]$/u.test(text) && !this.staysWhole(text) ? this.undecidable(text) : this.text(text);
  }

  /** As `beginning`, of their ends. */
  end(text: string): string {
    return /^[\p{L}\p{N}]/u.test(text) && !this.staysWhole(text) ? this.undecidable(text) : this.text(text);
  }

  /** A pattern or part of texts: what it matches among them cannot be said of what they become. */
  undecidable(text: string): string {
    return this.staysWhole(text) ? text : redacted(this.hash(`pattern ${text}`));
  }

  /** An address beside which its length stands. */
  networkAddress(text: string, length: number): string {
    const address = parseAddress(text);
    if (
      address === undefined ||
      !Number.isInteger(length) ||
      length < 0 ||
      length > (address.family === 4 ? 32 : 128)
    ) {
      return this.text(text);
    }
    return this.permutation.prefix(address, length).text;
  }

  private staysWhole(text: string): boolean {
    return this.text(text) === text;
  }

  private part(part: string): string {
    if (this.stays(part)) return part;
    if (/^\d{1,3}(?:-\d{1,3}){3}$/.test(part))
      return this.addressOr(part.replaceAll('-', '.'), part).replaceAll('.', '-');
    if (part.includes('-') && /[.:]/.test(part)) return this.range(part);
    if (part.includes('/')) return this.cidr(part);
    if (MAC.test(part)) return this.mac(part);
    if (part.includes(':') || part.includes('.')) return this.addressOr(part, part);
    const chain = KUBE_CHAIN.exec(part);
    if (chain !== null) return `${chain[1]}${this.base32(part)}`;
    return this.word(part);
  }

  private stays(part: string): boolean {
    if (part.startsWith('REDACTED-') || part.startsWith('--') || /^\d{4}-\d\d-\d\dT/.test(part)) return true;
    return isOfVocabulary(part) || NO_NAME.test(part) || this.interfaces.has(part);
  }

  private addressOr(text: string, otherwise: string): string {
    const address = parseAddress(text);
    return address === undefined
      ? otherwise.replace(/[\p{L}\p{N}]{3,}/gu, (word) => this.word(word))
      : this.permutation.address(address).text;
  }

  private cidr(text: string): string {
    const slash = text.indexOf('/');
    const address = parseAddress(text.slice(0, slash));
    const prefix = parsePrefix(text);
    if (address === undefined || prefix === undefined)
      return this.addressOr(text.slice(0, slash), text) + text.slice(slash);
    const length = maskLength(prefix);
    // A mask that is no prefix keeps no permutation's sense.
    if (length === undefined) return redacted(this.hash(`mask ${text}`));
    const whole = (address.bits & ~lengthMask(address.family, length)) !== 0n;
    const moved = whole ? this.permutation.address(address) : this.permutation.prefix(address, length);
    return moved.text + text.slice(slash);
  }

  /** The order of addresses is not kept; a range that is no prefix has no counterpart. */
  private range(text: string): string {
    const [first = '', last = ''] = text.split('-');
    const [from, to] = [parseAddress(first), parseAddress(last)];
    if (from === undefined || to === undefined) return this.word(text);
    if (from.text === to.text) return `${this.addressOr(first, first)}-${this.addressOr(last, last)}`;
    const length = rangeLength(from, to);
    if (length === undefined) return redacted(this.hash(`range ${text}`));
    const start = this.permutation.prefix(from, length);
    const size = to.bits - from.bits;
    return `${start.text}-${textOf(start.bits + size)}`;
  }

  private mac(text: string): string {
    const lower = text.toLowerCase();
    // No address, everybody, and groups that follow from addresses of the network layer.
    if (/^(?:00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|01:00:5e|33:33)/.test(lower)) return text;
    const digits = this.hash(`mac ${lower}`);
    return `02:${[0, 2, 4, 6, 8].map((at) => digits.slice(at, at + 2)).join(':')}`;
  }

  /**
   * A word's pseudonym: a DNS label of 13 letters. Words that differ in case alone have pseudonyms that differ in case alone, since
   * host names are compared without it: all lower or all upper case stays so, any other pattern becomes one of its own.
   */
  private word(word: string): string {
    const digits = this.hash(`name ${word.toLowerCase()}`);
    const letters = `n${digits.slice(0, 12).replace(/[0-9a-f]/g, (digit) => LETTERS.charAt(Number.parseInt(digit, 16)))}`;
    if (word === word.toLowerCase()) return letters;
    if (word === word.toUpperCase()) return letters.toUpperCase();
    const pattern = this.hash(`case ${word}`);
    return letters.replace(/./g, (letter, at: number) =>
      Number.parseInt(pattern[at] ?? '0', 16) % 2 ? letter.toUpperCase() : letter,
    );
  }

  private base32(text: string): string {
    const digits = this.hash(`chain ${text}`);
    return Array.from(
      { length: 16 },
      (_, at) => BASE32[Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16) % 32],
    ).join('');
  }
}

/** The length of the prefix that a range is; undefined when it is none. */
function rangeLength(from: Address, to: Address): number | undefined {
  if (from.family !== 4 || to.family !== 4) return undefined;
  for (let length = 32; length >= 0; length -= 1) {
    const isStart = (from.bits & lengthMask(4, length)) === from.bits;
    if (isStart && to.bits - from.bits === 2n ** BigInt(32 - length) - 1n) return length;
  }
  return undefined;
}

function textOf(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join('.');
}
