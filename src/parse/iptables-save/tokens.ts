const SPACES = new Set([' ', '\t']);

/** A word of a rule line. */
export interface Token {
  readonly text: string;
  /** It stood in double quotes, so that it is a value whatever it looks like. */
  readonly quoted: boolean;
}

/**
 * Splits a rule line into words: separated by blanks, or in double quotes, in which a backslash takes the next character as it is.
 * Source: iptables/xshared.c add_param_to_argv, libxtables/xtables.c xtables_save_string.
 * @returns undefined when a quote is not closed
 */
export function tokenize(line: string): Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  while (at < line.length) {
    const character = line.charAt(at);
    if (SPACES.has(character)) at += 1;
    else if (character === '"') {
      const end = closingQuote(line, at + 1);
      if (end === undefined) return undefined;
      tokens.push({ text: unescape(line.slice(at + 1, end)), quoted: true });
      at = end + 1;
    } else {
      let end = at + 1;
      while (end < line.length && !SPACES.has(line.charAt(end))) end += 1;
      tokens.push({ text: line.slice(at, end), quoted: false });
      at = end;
    }
  }
  return tokens;
}

function closingQuote(line: string, from: number): number | undefined {
  for (let at = from; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === '\\') at += 1;
    else if (character === '"') return at;
  }
  return undefined;
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(.)/gs, '$1') : text;
}
