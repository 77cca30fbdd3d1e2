import type { ExtensionOption } from '../../model/iptables-rule.ts';
import { extensionName, matchOptions, optionName, targetOptions, type OptionGrammar } from './option-grammar.ts';
import type { Token } from './tokens.ts';

/** An extension that a rule loads, with its options as they stand there. */
export interface Extension {
  readonly name: string;
  readonly options: ExtensionOption[];
  /** Words that are no options of it; when there are any, the extension as a whole is not understood. */
  readonly strange: string[];
}

/** A rule's words, sorted by what they belong to. */
export interface RuleOptions {
  /** `s`, `d`, `i`, `o`, `p` and `f`, in the order of the line. */
  readonly base: ExtensionOption[];
  readonly matches: Extension[];
  /** null: the rule has no `-j` or `-g`. */
  target: (Extension & { readonly goto: boolean }) | null;
  /** Words that belong to nothing that is known. */
  readonly strange: string[];
}

const BASE: ReadonlyMap<string, string> = new Map([
  ['-s', 's'],
  ['--source', 's'],
  ['--src', 's'],
  ['-d', 'd'],
  ['--destination', 'd'],
  ['--dst', 'd'],
  ['-i', 'i'],
  ['--in-interface', 'i'],
  ['-o', 'o'],
  ['--out-interface', 'o'],
  ['-p', 'p'],
  ['--protocol', 'p'],
  ['--proto', 'p'],
  ['-f', 'f'],
  ['--fragment', 'f'],
  ['--fragments', 'f'],
]);

/** Words that open an extension or a target, and so end whatever stood before. */
const OPENERS: ReadonlyMap<string, 'match' | 'jump' | 'goto'> = new Map([
  ['-m', 'match'],
  ['--match', 'match'],
  ['-j', 'jump'],
  ['--jump', 'jump'],
  ['-g', 'goto'],
  ['--goto', 'goto'],
]);

/** Protocols whose extension iptables loads by itself when a rule uses its options. Source: xshared.c load_proto. */
const PROTOCOL_EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['tcp', 'tcp'],
  ['6', 'tcp'],
  ['udp', 'udp'],
  ['17', 'udp'],
  ['udplite', 'udplite'],
  ['136', 'udplite'],
  ['sctp', 'sctp'],
  ['132', 'sctp'],
  ['dccp', 'dccp'],
  ['33', 'dccp'],
  ['icmp', 'icmp'],
  ['1', 'icmp'],
  ['icmpv6', 'icmp6'],
  ['ipv6-icmp', 'icmp6'],
  ['58', 'icmp6'],
]);

/**
 * Sorts the words of a rule after `-A CHAIN`. `!` may stand before an option or, as older releases wrote it, before its value.
 */
export function readRuleOptions(tokens: readonly Token[]): RuleOptions {
  return new Reader(tokens).read();
}

class Reader {
  private readonly tokens: readonly Token[];
  private at = 0;
  private readonly rule: RuleOptions = { base: [], matches: [], target: null, strange: [] };
  /** The extension that was opened last and whose options are not known: it takes every word up to the next opener. */
  private unknown: Extension | null = null;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  read(): RuleOptions {
    while (this.at < this.tokens.length) this.word();
    return this.rule;
  }

  private word(): void {
    const negated = this.peek() === '!' && !this.quoted();
    if (negated) this.at += 1;
    const [word, attached] = this.splitWord();
    const opener = OPENERS.get(word);
    // The policy extension has a `--proto` of its own.
    const base = word.startsWith('--') && this.owner(word.slice(2)) !== undefined ? undefined : BASE.get(word);
    if (opener !== undefined && !negated) this.open(opener, attached);
    else if (base !== undefined) this.baseOption(base, negated, attached);
    else if (word === '-c' || word === '--set-counters') this.at += 3;
    else if (this.unknown !== null) this.stray(this.unknown.strange, negated);
    else this.option(word, negated, attached);
  }

  private open(kind: 'match' | 'jump' | 'goto', attached: string | undefined): void {
    this.at += attached === undefined ? 2 : 1;
    const name = attached ?? this.tokens[this.at - 1]?.text ?? '';
    const extension: Extension = { name: extensionName(name), options: [], strange: [] };
    if (kind === 'match') {
      this.rule.matches.push(extension);
      this.unknown = matchOptions(name) === undefined ? extension : null;
      return;
    }
    if (this.rule.target !== null) this.rule.strange.push('-j', this.rule.target.name);
    const target = { name, options: extension.options, strange: extension.strange, goto: kind === 'goto' };
    this.rule.target = target;
    this.unknown = targetOptions(name) === undefined ? target : null;
  }

  private baseOption(name: string, before: boolean, attached: string | undefined): void {
    this.at += attached === undefined ? 1 : 0;
    const within = name !== 'f' && attached === undefined && this.peek() === '!';
    if (within) this.at += 1;
    const value = name === 'f' ? undefined : (attached ?? this.peek());
    if (name !== 'f' || attached !== undefined) this.at += 1;
    this.rule.base.push({ name, negated: before !== within, values: value === undefined ? [] : [value] });
  }

  private option(word: string, negated: boolean, attached: string | undefined): void {
    const found = word.startsWith('--') ? this.owner(word.slice(2)) : undefined;
    if (found === undefined) {
      this.stray(this.rule.strange, negated);
      return;
    }
    this.at += 1;
    const within = found.arity > 0 && attached === undefined && this.peek() === '!' && !this.quoted();
    if (within) this.at += 1;
    const values = attached === undefined ? [] : [attached];
    while (values.length < found.arity && this.at < this.tokens.length) {
      values.push(this.peek());
      this.at += 1;
    }
    const option = { name: found.name, negated: negated !== within, values };
    if (values.length === found.arity) found.extension.options.push(option);
    else found.extension.strange.push(word, ...values);
  }

  /** The extension that an option belongs to: the one opened last that knows it, else the protocol's own. */
  private owner(
    name: string,
  ): { readonly extension: Extension; readonly name: string; readonly arity: number } | undefined {
    const { target, matches } = this.rule;
    const inTarget = target === null ? undefined : lookUp(targetOptions(target.name), target, name);
    if (inTarget !== undefined) return inTarget;
    for (const extension of matches.toReversed()) {
      const found = lookUp(matchOptions(extension.name), extension, name);
      if (found !== undefined) return found;
    }
    const protocol = this.rule.base.findLast((option) => option.name === 'p' && !option.negated)?.values[0];
    const implied = PROTOCOL_EXTENSIONS.get(protocol?.toLowerCase() ?? '');
    if (implied === undefined || matches.some((one) => one.name === implied)) return undefined;
    const extension: Extension = { name: implied, options: [], strange: [] };
    const found = lookUp(matchOptions(implied), extension, name);
    if (found !== undefined) matches.push(extension);
    return found;
  }

  private stray(into: string[], negated: boolean): void {
    if (negated) into.push('!');
    if (this.at < this.tokens.length) into.push(this.peek());
    this.at += 1;
  }

  /** `--option=value` is one word. */
  private splitWord(): readonly [string, string | undefined] {
    const word = this.peek();
    const equals = word.startsWith('--') && !this.quoted() ? word.indexOf('=') : -1;
    return equals < 0 ? [this.quoted() ? '' : word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
  }

  private peek(): string {
    return this.tokens[this.at]?.text ?? '';
  }

  private quoted(): boolean {
    return this.tokens[this.at]?.quoted ?? false;
  }
}

function lookUp(grammar: OptionGrammar | undefined, extension: Extension, option: string) {
  if (grammar === undefined) return undefined;
  const name = optionName(grammar, option);
  const arity = grammar.get(name);
  return arity === undefined ? undefined : { extension, name, arity };
}
