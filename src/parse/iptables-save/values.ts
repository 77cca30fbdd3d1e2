import { parseAddress, type Family } from '../../model/address.ts';
import type { AddressRange, ExtensionOption, NumberRange, PortTest } from '../../model/iptables-rule.ts';

export const PORT_MAX = 0xffff;
export const WORD_MAX = 0xffffffff;

/**
 * Reads a number as iptables does: decimal, `0x` hexadecimal or `0` octal. Source: libxtables/xtables.c xtables_strtoul (base 0).
 * @returns undefined when the text is no number or above `max`
 */
export function parseNumber(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text)) return undefined;
  const octal = /^0[0-7]+$/.test(text);
  if (!octal && /^0\d/.test(text)) return undefined;
  const value = octal ? Number.parseInt(text, 8) : Number(text);
  return value <= max ? value : undefined;
}

/** Reads `80`, `80:90`, `:90` (from 0), `80:` (to `max`); `separator` as the extension has it. */
export function parseRange(text: string | undefined, separator: string, max: number): NumberRange | undefined {
  if (text === undefined) return undefined;
  const at = text.indexOf(separator);
  if (at < 0) {
    const value = parseNumber(text, max);
    return value === undefined ? undefined : { from: value, to: value };
  }
  const from = at === 0 ? 0 : parseNumber(text.slice(0, at), max);
  const to = at === text.length - 1 ? max : parseNumber(text.slice(at + 1), max);
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** Reads `0x4000/0x4000`; without a mask, all bits. */
export function parseMasked(text: string | undefined): { readonly value: number; readonly mask: number } | undefined {
  if (text === undefined) return undefined;
  const [first, second, more] = text.split('/', 3);
  const value = parseNumber(first, WORD_MAX);
  const mask = second === undefined ? WORD_MAX : parseNumber(second, WORD_MAX);
  return value === undefined || mask === undefined || more !== undefined ? undefined : { value, mask };
}

/** Reads `10.0.0.1-10.0.0.9` or one address. */
export function parseAddressRange(text: string, family: Family): AddressRange | undefined {
  const at = text.indexOf('-');
  const from = parseAddress(at < 0 ? text : text.slice(0, at));
  const to = at < 0 ? from : parseAddress(text.slice(at + 1));
  if (from?.family !== family || to?.family !== family) return undefined;
  return { from: from.text, to: to.text };
}

/** Reads `80` or `80:90` of an option. */
export function portTest(option: ExtensionOption | undefined): PortTest | 'bad' | undefined {
  if (option === undefined) return undefined;
  const range = parseRange(option.values[0], ':', PORT_MAX);
  return range === undefined ? 'bad' : { negated: option.negated, ...range };
}

/** The options of one extension by name. No option that is read here may stand there twice. */
export class Options {
  private readonly options: readonly ExtensionOption[];
  private readonly taken = new Set<string>();

  constructor(options: readonly ExtensionOption[]) {
    this.options = options;
  }

  take(name: string): ExtensionOption | undefined {
    this.taken.add(name);
    return this.options.find((option) => option.name === name);
  }

  /** Whether the option stands there, without `!`. */
  flag(name: string): boolean {
    return this.take(name)?.negated === false;
  }

  value(name: string): string | undefined {
    return this.take(name)?.values[0];
  }

  /** The options that nobody took. */
  rest(): ExtensionOption[] {
    return this.options.filter((option) => !this.taken.has(option.name));
  }

  /** Whether an option stands there twice, or nobody took it. */
  get unread(): boolean {
    return this.rest().length > 0 || new Set(this.options.map((option) => option.name)).size < this.options.length;
  }
}
