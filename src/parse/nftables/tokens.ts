/** A word, mark or quoted text of nft's text form. */
export interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** Says where a text leaves the grammar; caught where a rule or an element is read. */
export class GrammarError extends Error {}

const MARKS: ReadonlySet<string> = new Set(['{', '}', ',', ';', '(', ')', '=']);
const SPACE = /\s/;

/**
 * Splits a text at spaces and marks. A `#` outside of quotes ends it.
 * @throws GrammarError when a quoted text is not closed
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (SPACE.test(character)) at += 1;
    else if (character === '#') {
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line;
    } else if (character === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0) throw new GrammarError('a quoted text is not closed');
      tokens.push({ text: text.slice(at + 1, end), quoted: true });
      at = end + 1;
    } else if (isMark(text, at)) {
      tokens.push({ text: character, quoted: false });
      at += 1;
    } else {
      const start = at;
      while (at < text.length && !isEnd(text, at)) at += 1;
      tokens.push({ text: text.slice(start, at), quoted: false });
    }
  }
  return tokens;
}

/** `=` stands alone in `elements = {`, and is part of `==`, `!=` and their like. */
function isMark(text: string, at: number): boolean {
  const character = text.charAt(at);
  if (character !== '=') return MARKS.has(character);
  return text.charAt(at + 1) !== '=' && (at === 0 || !'=!<>'.includes(text.charAt(at - 1)));
}

/** Raw payloads (`@nh,96,32`) have commas of their own. */
function isEnd(text: string, at: number): boolean {
  const character = text.charAt(at);
  return SPACE.test(character) || character === '"' || isMark(text, at);
}

/** Walks through tokens. */
export class TokenReader {
  private readonly tokens: Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = [...tokens];
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  /** The word that comes next; undefined at the end, and for a quoted text. */
  peek(ahead = 0): string | undefined {
    const token = this.tokens[this.at + ahead];
    return token === undefined || token.quoted ? undefined : token.text;
  }

  next(): Token {
    const token = this.tokens[this.at];
    if (token === undefined) throw new GrammarError('the text ends too early');
    this.at += 1;
    return token;
  }

  /** Takes the next word when it is this one. */
  accept(text: string): boolean {
    if (this.peek() !== text) return false;
    this.at += 1;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw new GrammarError(`${JSON.stringify(text)} is missing before ${this.here()}`);
  }

  /** The next word, whatever it is; never a quoted text. */
  word(): string {
    const token = this.next();
    if (token.quoted) throw new GrammarError(`the quoted text ${JSON.stringify(token.text)} is out of place`);
    return token.text;
  }

  /** A name, quoted or not. */
  name(): string {
    return this.next().text;
  }

  /** What stands here, for a message. */
  here(): string {
    return JSON.stringify(this.tokens[this.at]?.text ?? 'the end');
  }

  /** Cuts the beginning of the next word off. */
  cut(length: number): void {
    const text = this.tokens[this.at]?.text.slice(length) ?? '';
    this.tokens[this.at] = { text, quoted: false };
  }
}
