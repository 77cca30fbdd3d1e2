import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import type { Truth } from '../truth.ts';
import { matchRegex } from './regex.ts';

const KNOWN = new Set(['exact', 'prefix', 'suffix', 'safe_regex', 'contains', 'ignore_case']);

/**
 * envoy.type.matcher.v3.StringMatcher (source/common/common/matchers.h, StringMatcherImpl). `ignore_case` folds ASCII letters and
 * does not touch regular expressions. A `custom` extension is not understood. What was taken out of a snapshot equals itself; how it
 * begins, ends or differs from another text is not known.
 */
export function matchString(matcher: Cursor, text: string): Truth {
  const beyond = unknownField(matcher, KNOWN);
  if (beyond !== undefined) return beyond;
  const fold = isTrue(matcher, 'ignore_case') ? lowerAscii : (value: string): string => value;
  const subject = fold(text);
  const exact = field(matcher, 'exact').string();
  if (exact !== undefined && subject === fold(exact)) return true;
  if (takenOut(matcher, text)) return redactedPattern(matcher);
  if (exact !== undefined) return false;
  const prefix = field(matcher, 'prefix').string();
  if (prefix !== undefined) return subject.startsWith(fold(prefix));
  const suffix = field(matcher, 'suffix').string();
  if (suffix !== undefined) return subject.endsWith(fold(suffix));
  const contained = field(matcher, 'contains').string();
  if (contained !== undefined) return subject.includes(fold(contained));
  const regex = field(matcher, 'safe_regex');
  if (regex.exists) return matchRegex(regex, text);
  return unknown('a string matcher without a pattern', matcher);
}

const PATTERNS = ['exact', 'prefix', 'suffix', 'contains'];

function takenOut(matcher: Cursor, text: string): boolean {
  return holdsRedacted(text) || PATTERNS.some((name) => holdsRedacted(field(matcher, name).string() ?? ''));
}

/** What a match is when one of its sides was taken out of the snapshot. */
export function redactedPattern(matcher: Cursor): Unknown {
  return unknown('a value that decides this match was taken out of the snapshot', matcher);
}
const UPPER = /[A-Z]/;

/** absl::AsciiStrToLower */
export function lowerAscii(text: string): string {
  return UPPER.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}
