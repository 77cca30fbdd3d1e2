import type { Cursor } from '../../../../model/json.ts';
import { isMessage } from '../../../../model/protobuf-message.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { any, not } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { Struct } from '../struct.ts';
import { matchString } from './string-match.ts';

const KNOWN = new Set(['filter', 'path', 'value', 'invert']);

/**
 * MetadataMatcher where no filter has set metadata under the name that it asks for: no kind of value matches what is absent
 * (MetadataMatcher::match and the matchers of values, source/common/common/matchers.cc).
 */
export function matchAbsentMetadata(matcher: Cursor): Truth {
  return unknownField(matcher, KNOWN) ?? isTrue(matcher, 'invert');
}

/**
 * MetadataMatcher over what filters have set under the name that it asks for (Config::Metadata::metadataValue,
 * source/common/config/metadata.cc): its path leads through messages to a value.
 */
export function matchMetadata(matcher: Cursor, set: Struct): Truth {
  const beyond = unknownField(matcher, KNOWN);
  if (beyond !== undefined) return beyond;
  let value: unknown = set;
  for (const segment of field(matcher, 'path').items()) {
    const key = field(segment, 'key').string();
    if (key === undefined) return unknown('a path of metadata is not understood', segment);
    value = memberOf(value, key);
  }
  const truth = matchValue(field(matcher, 'value'), value, 0);
  return isTrue(matcher, 'invert') ? not(truth) : truth;
}

function memberOf(value: unknown, key: string): unknown {
  const fields = value instanceof Struct ? value.fields : value;
  return isMessage(fields) && Object.hasOwn(fields, key) ? fields[key] : undefined;
}

const DEPTH_LIMIT = 32;

/** ValueMatcher over a value of JSON; undefined: there is none (ValueMatcher::create and what it makes, source/common/common/matchers.cc). */
function matchValue(matcher: Cursor, value: unknown, depth: number): Truth {
  const string = field(matcher, 'string_match');
  if (string.exists) return typeof value === 'string' ? matchString(string, value) : false;
  const present = field(matcher, 'present_match').boolean();
  if (present !== undefined) return present && value !== undefined;
  if (field(matcher, 'null_match').exists) return value === null;
  const bool = field(matcher, 'bool_match').boolean();
  if (bool !== undefined) return value === bool;
  const double = field(matcher, 'double_match');
  if (double.exists) return typeof value === 'number' ? matchDouble(double, value) : false;
  if (depth >= DEPTH_LIMIT) return unknown('a matcher of metadata is nested too deeply', matcher);
  const or = field(matcher, 'or_match');
  if (or.exists) return any(field(or, 'value_matchers').items(), (one) => matchValue(one, value, depth + 1));
  const element = field(field(matcher, 'list_match'), 'one_of');
  if (element.exists)
    return Array.isArray(value) ? any(value as unknown[], (one) => matchValue(element, one, depth + 1)) : false;
  return unknown('a matcher of metadata is not understood', matcher);
}

/** DoubleMatcher: from `start` on, before `end`. */
function matchDouble(matcher: Cursor, value: number): Truth {
  const exact = field(matcher, 'exact').number();
  if (exact !== undefined) return value === exact;
  const range = field(matcher, 'range');
  if (!range.exists) return unknown('a matcher of numbers is not understood', matcher);
  return value >= (field(range, 'start').number() ?? 0) && value < (field(range, 'end').number() ?? 0);
}
