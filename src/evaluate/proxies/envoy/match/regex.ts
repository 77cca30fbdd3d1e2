import { RE2JS } from 're2js';
import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import { field, unknown } from '../proto-json.ts';
import type { Truth } from '../truth.ts';

const COMPILED = new Map<string, RE2JS | Error>();
const COMPILED_LIMIT = 2000;

/** Compiles an RE2 pattern; linear in the text that it is matched against, whoever wrote it. */
function compile(pattern: string): RE2JS | Error {
  let compiled = COMPILED.get(pattern);
  if (compiled === undefined) {
    try {
      compiled = RE2JS.compile(pattern);
    } catch (error) {
      compiled = error instanceof Error ? error : new Error(String(error));
    }
    if (COMPILED.size >= COMPILED_LIMIT) COMPILED.clear();
    COMPILED.set(pattern, compiled);
  }
  return compiled;
}

function readPattern(matcher: Cursor, text: string, pattern = field(matcher, 'regex').string() ?? ''): RE2JS | Unknown {
  if (holdsRedacted(pattern) || holdsRedacted(text))
    return unknown('a value that decides this match was taken out of the snapshot', matcher);
  const compiled = compile(pattern);
  return compiled instanceof Error
    ? unknown(`the regular expression ${pattern} cannot be compiled`, matcher)
    : compiled;
}

/** RegexMatcher: the whole text must match (RE2::FullMatch, source/common/common/regex.cc, CompiledGoogleReMatcher::match). */
export function matchRegex(matcher: Cursor, text: string): Truth {
  const pattern = readPattern(matcher, text);
  if ('reason' in pattern) return pattern;
  const own = field(matcher, 'regex').string() ?? '';
  return isAscii(text) && isAscii(own) ? pattern.matches(text) : matchBytes(matcher, own, text, pattern.matches(text));
}

// eslint-disable-next-line no-control-regex
const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);

/** Which ask for classes of characters beyond single ones, or name one by its number. */
const BY_CLASS = /\(\?[a-z]*i|\\[pPxXC]/;

/** Each byte of a text as a character of the same number. */
const asBytes = (text: string): string => Buffer.from(text).toString('latin1');

/** From 1.39 on patterns and texts are taken byte by byte, before as UTF-8. @param asText what holds of UTF-8 */
function matchBytes(matcher: Cursor, pattern: string, text: string, asText: boolean): Truth {
  const compiled = BY_CLASS.test(pattern) ? undefined : compile(asBytes(pattern));
  const same = compiled instanceof RE2JS && compiled.matches(asBytes(text)) === asText;
  return same ? asText : unknown('what of a text beyond ASCII a regular expression takes is not known', matcher);
}

/** As `matchRegex`, of a pattern that was made of another notation. @param cite where that stands */
export function matchPattern(cite: Cursor, pattern: string, text: string): Truth {
  const compiled = readPattern(cite, text, pattern);
  return 'reason' in compiled ? compiled : compiled.matches(text);
}

/**
 * RegexMatchAndSubstitute: replaces every match (RE2::GlobalReplace, regex.h replaceAll). In the substitution `\1` is a group and
 * `\\` a backslash.
 */
export function substituteRegex(rewrite: Cursor, text: string): string | Unknown {
  const pattern = readPattern(field(rewrite, 'pattern'), text);
  if ('reason' in pattern) return pattern;
  if (!isAscii(text) || !isAscii(pattern.pattern()))
    return unknown('what of a text beyond ASCII a regular expression takes is not known', rewrite);
  const substitution = field(rewrite, 'substitution').string() ?? '';
  const matcher = pattern.matcher(text);
  let result = '';
  let copied = 0;
  while (matcher.find()) {
    result += text.slice(copied, matcher.start());
    result += substitution.replace(/\\(\d|\\)/g, (_, reference: string) =>
      reference === '\\'
        ? '\\'
        : Number(reference) <= matcher.groupCount()
          ? (matcher.group(Number(reference)) ?? '')
          : '',
    );
    copied = matcher.end();
  }
  return result + text.slice(copied);
}
