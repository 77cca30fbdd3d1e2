import type { Cursor } from '../../../../model/json.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { any, not } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { matchString } from './string-match.ts';

const KNOWN = new Set(['filter', 'path', 'value', 'invert']);

/**
 * MetadataMatcher where no filter has set metadata under the name that it asks for: no kind of value matches what is absent
 * (MetadataMatcher::match and the matchers of values, source/common/common/matchers.cc).
 */
export function matchAbsentMetadata(matcher: Cursor): Truth {
  return unknownField(matcher, KNOWN) ?? isTrue(matcher, 'invert');
}

/** MetadataMatcher whose path leads to a text. */
export function matchTextMetadata(matcher: Cursor, text: string): Truth {
  const beyond = unknownField(matcher, KNOWN);
  if (beyond !== undefined) return beyond;
  const truth = matchText(field(matcher, 'value'), text, 0);
  return isTrue(matcher, 'invert') ? not(truth) : truth;
}

const OTHER_KINDS = ['null_match', 'double_match', 'bool_match', 'list_match'];
const DEPTH_LIMIT = 32;

/** ValueMatcher over a text (ValueMatcher::create and what it makes, source/common/common/matchers.cc). */
function matchText(value: Cursor, text: string, depth: number): Truth {
  const string = field(value, 'string_match');
  if (string.exists) return matchString(string, text);
  const present = field(value, 'present_match').boolean();
  if (present !== undefined) return present;
  const or = field(value, 'or_match');
  if (or.exists && depth < DEPTH_LIMIT)
    return any(field(or, 'value_matchers').items(), (one) => matchText(one, text, depth + 1));
  return OTHER_KINDS.some((kind) => field(value, kind).exists)
    ? false
    : unknown('a matcher of metadata is not understood', value);
}
