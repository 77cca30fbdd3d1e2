import { QuestionError } from '../question/question-input.ts';

/** What a filter asks of a text. */
export interface Pattern {
  matches(text: string): boolean;
  /** Characters that a text which matches must hold, in any case of letters; null: none are known. */
  readonly exact: string | null;
}

/**
 * Reads the value of a filter: a text that must be equal, in any case of letters; with `*`, which stands for any text; or a
 * regular expression between slashes (`/^reviews/`), in RE2's syntax, looked for anywhere in the text.
 * @throws QuestionError when a regular expression cannot be compiled
 */
export async function readPattern(flag: string, value: string): Promise<Pattern> {
  const source = /^\/(.+)\/$/s.exec(value)?.[1];
  if (source !== undefined) return regularExpression(flag, source);
  const wanted = value.toLowerCase();
  if (!wanted.includes('*')) return { matches: (text) => text.toLowerCase() === wanted, exact: value };
  return { matches: (text) => matchesWildcard(wanted.split('*'), text.toLowerCase()), exact: null };
}

async function regularExpression(flag: string, source: string): Promise<Pattern> {
  // Loaded here: hardly any question asks for one.
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(source);
    return { matches: (text) => compiled.matcher(text).find(), exact: null };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new QuestionError(`--${flag}: /${source}/ is no regular expression: ${why}`, ['The syntax is that of RE2.']);
  }
}

/** Whether the parts stand in the text one after the other, the first at its beginning and the last at its end. Linear. */
function matchesWildcard(parts: readonly string[], text: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
