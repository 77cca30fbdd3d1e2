import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import { memoised } from '../memo.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { all, any, isUnknown, not } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { matchRegex } from './regex.ts';
import { lowerAscii, matchString, redactedPattern } from './string-match.ts';

/** The request's headers as filters and routes see them. null: the header is absent. */
export interface HeaderView {
  get(name: string): string | null | Unknown;
  /** As `get`; a value that was taken out of the snapshot is its pseudonym, for those who only compare it. */
  compared(name: string): string | null | Unknown;
  /** The values of a header that was sent several times, which `compared` joins; null: it was sent once at most, as far as is known. */
  several(name: string): readonly string[] | null;
  /** Whether matchers are surely asked of each value of a header by itself. */
  eachCounts(name: string, rule: EachCounts): boolean;
}

/** Since when matchers are asked of each value by itself: patches of versions before may do so, too. */
export interface EachCounts {
  /** Of Envoy 1. */
  readonly minor: number;
  /** The runtime key that says otherwise. */
  readonly key: string;
}

/** Matchers of routes, faults and requirements of tokens (HeaderUtility::matchHeaders, source/common/http/header_utility.cc). */
const ANYWHERE: EachCounts = { minor: 39, key: 'envoy.reloadable_features.match_headers_individually' };
/** Matchers of RBAC (source/extensions/filters/common/rbac/matchers.cc). */
const IN_RBAC: EachCounts = { minor: 38, key: 'envoy.reloadable_features.rbac_match_headers_individually' };

const KNOWN = new Set([
  'name',
  'exact_match',
  'safe_regex_match',
  'range_match',
  'present_match',
  'prefix_match',
  'suffix_match',
  'contains_match',
  'string_match',
  'invert_match',
  'treat_missing_header_as_empty',
]);

/** Every matcher of the list matches. */
export function matchHeaders(matchers: readonly Cursor[], headers: HeaderView): Truth {
  return all(matchers, (matcher) => knownTest(matcher)(headers));
}

/**
 * envoy.config.route.v3.HeaderMatcher (source/common/http/header_utility.h, HeaderData*). Of several values of one header one that
 * matches is enough, and an inverted matcher holds where none does; older versions join them by commas. A header that is absent matches nothing, inverted or not, unless `treat_missing_header_as_empty` says otherwise or
 * presence itself is asked for; a matcher without a kind asks for presence.
 */
export function matchRbacHeader(matcher: Cursor, headers: HeaderView): Truth {
  return rbacTest(matcher)(headers);
}

/** The same for many requests, and outside RBAC: what the matcher asks is read once. */
export function headerTest(matcher: Cursor): (headers: HeaderView) => Truth {
  return readTest(matcher, ANYWHERE);
}

function readTest(matcher: Cursor, rule: EachCounts): (headers: HeaderView) => Truth {
  const beyond = unknownField(matcher, KNOWN);
  if (beyond !== undefined) return () => beyond;
  const name = lowerAscii(field(matcher, 'name').string() ?? '');
  const inverted = isTrue(matcher, 'invert_match');
  const missingIsEmpty = isTrue(matcher, 'treat_missing_header_as_empty');
  const wanted = field(matcher, 'present_match').boolean() ?? true;
  const test = valueTest(matcher);
  return (headers) => {
    const value = headers.compared(name);
    if (isUnknown(value)) return value;
    if (test === 'presence') return ((value !== null || missingIsEmpty) === wanted) !== inverted;
    if (value === null && !missingIsEmpty) return false;
    const joined = inverted ? not(test(value ?? '')) : test(value ?? '');
    const values = value?.includes(',') === true ? headers.several(name) : null;
    if (values === null || isUnknown(joined)) return joined;
    const each = inverted ? all(values, (one) => not(test(one))) : any(values, test);
    if (each === joined || headers.eachCounts(name, rule)) return each;
    return unknown(`whether each value of the header ${name} counts by itself is not known`, matcher);
  };
}

const knownTest = memoised(headerTest);
const rbacTest = memoised((matcher) => readTest(matcher, IN_RBAC));

const PATTERNS = ['exact_match', 'prefix_match', 'suffix_match', 'contains_match'];

function valueTest(matcher: Cursor): 'presence' | ((value: string) => Truth) {
  const stringMatch = field(matcher, 'string_match');
  if (stringMatch.exists) return (value) => matchString(stringMatch, value);
  // An empty exact_match means presence (HeaderDataExactMatch).
  const exact = field(matcher, 'exact_match').string();
  const redacted = PATTERNS.some((name) => holdsRedacted(field(matcher, name).string() ?? ''));
  const test = plainTest(matcher, exact);
  if (test === 'presence') return test;
  return (value) => {
    if (value === exact) return true;
    return redacted || holdsRedacted(value) ? redactedPattern(matcher) : test(value);
  };
}

function plainTest(matcher: Cursor, exact: string | undefined): 'presence' | ((value: string) => Truth) {
  if (exact !== undefined) return (value) => exact === '' || value === exact;
  const prefix = field(matcher, 'prefix_match').string();
  if (prefix !== undefined) return (value) => value.startsWith(prefix);
  const suffix = field(matcher, 'suffix_match').string();
  if (suffix !== undefined) return (value) => value.endsWith(suffix);
  const contained = field(matcher, 'contains_match').string();
  if (contained !== undefined) return (value) => value.includes(contained);
  const regex = field(matcher, 'safe_regex_match');
  if (regex.exists) return (value) => matchRegex(regex, value);
  const range = field(matcher, 'range_match');
  return range.exists ? (value) => inRange(range, value) : 'presence';
}

/** Int64Range is half open. The text is read as absl::SimpleAtoi does: white space around, one sign, decimal digits. */
function inRange(range: Cursor, text: string): boolean {
  const digits = /^[ \t\n\v\f\r]*([+-]?\d+)[ \t\n\v\f\r]*$/.exec(text)?.[1];
  if (digits === undefined || digits.length > 20) return false;
  const value = BigInt(digits.replace('+', ''));
  if (value < -(2n ** 63n) || value >= 2n ** 63n) return false;
  return value >= int64(field(range, 'start')) && value < int64(field(range, 'end'));
}

function int64(cursor: Cursor): bigint {
  const { value } = cursor;
  if (typeof value === 'string' && /^-?\d{1,19}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : 0n;
}
