import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { holdsRedacted } from '../../../../model/redaction.ts';
import { field, isTrue, typedMessage, typeName, unknown, unknownField } from '../proto-json.ts';
import { all, any, isUnknown, not } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { matchCidr } from './address-match.ts';
import { matchString, redactedPattern } from './string-match.ts';

/** What an input of a matcher reads; null: it has no data, which matches nothing. */
export type ReadInput = (type: string, config: Cursor) => string | null | Unknown;

const KNOWN_MATCHER = new Set(['matcher_list', 'matcher_tree', 'on_no_match']);
const KNOWN_ON_MATCH = new Set(['matcher', 'action', 'keep_matching']);
const KNOWN_TREE = new Set(['input', 'exact_match_map', 'prefix_match_map']);
const KNOWN_SINGLE = new Set(['input', 'value_match', 'custom_match']);
const IP_MATCHER = 'envoy.extensions.matching.input_matchers.ip.v3.Ip';
const DEPTH_LIMIT = 32;

/**
 * Walks a xds.type.matcher.v3.Matcher to an action (source/common/matcher/matcher.h, list_matcher.h, map_matcher.h). The first
 * predicate of a list that holds is taken, the exact key or the longest prefix of a map; where what stands there finds nothing, the
 * search goes on, and `on_no_match` comes last.
 * @returns the `typed_config` of the action; null: nothing matches
 */
export function findAction(matcher: Cursor, read: ReadInput, depth = 0): Cursor | Unknown | null {
  const beyond = unknownField(matcher, KNOWN_MATCHER);
  if (beyond !== undefined) return beyond;
  if (depth > DEPTH_LIMIT) return unknown('a matcher is nested too deeply', matcher);
  for (const candidate of candidates(matcher, read)) {
    const found = isUnknown(candidate) ? candidate : follow(candidate, read, depth);
    if (found !== null) return found;
  }
  const last = field(matcher, 'on_no_match');
  return last.exists ? follow(last, read, depth) : null;
}

/** What stands where the input leads to, most specific first. */
function* candidates(matcher: Cursor, read: ReadInput): Generator<Cursor | Unknown> {
  const list = field(matcher, 'matcher_list');
  for (const entry of field(list, 'matchers').items()) {
    const truth = holds(field(entry, 'predicate'), read, 0);
    if (isUnknown(truth)) yield truth;
    else if (truth) yield field(entry, 'on_match');
  }
  const tree = field(matcher, 'matcher_tree');
  if (!tree.exists) return;
  const beyond = unknownField(tree, KNOWN_TREE);
  const value = beyond ?? readInput(field(tree, 'input'), read);
  if (value === null) return;
  if (isUnknown(value)) {
    yield value;
    return;
  }
  const exacts = field(field(tree, 'exact_match_map'), 'map');
  const exact = exacts.at(value);
  if (exact.exists) yield exact;
  const keys = [...exacts.entries(), ...field(field(tree, 'prefix_match_map'), 'map').entries()];
  if (!exact.exists && keys.some(([key]) => holdsRedacted(key))) yield redactedPattern(tree);
  const prefixes = field(field(tree, 'prefix_match_map'), 'map')
    .entries()
    .filter(([prefix]) => value.startsWith(prefix));
  yield* prefixes.toSorted(([one], [other]) => other.length - one.length).map(([, onMatch]) => onMatch);
}

function follow(onMatch: Cursor, read: ReadInput, depth: number): Cursor | Unknown | null {
  const beyond = unknownField(onMatch, KNOWN_ON_MATCH);
  if (beyond !== undefined) return beyond;
  if (isTrue(onMatch, 'keep_matching')) return unknown('keep_matching is not evaluated', onMatch);
  const nested = field(onMatch, 'matcher');
  if (nested.exists) return findAction(nested, read, depth + 1);
  const action = field(field(onMatch, 'action'), 'typed_config');
  return action.exists ? action : unknown('a matcher has no action', onMatch);
}

function readInput(input: Cursor, read: ReadInput): string | null | Unknown {
  const config = field(input, 'typed_config');
  return read(typeName(config) ?? '', typedMessage(config));
}

function holds(predicate: Cursor, read: ReadInput, depth: number): Truth {
  if (depth > DEPTH_LIMIT) return unknown('a predicate is nested too deeply', predicate);
  const nested = (list: Cursor): Cursor[] => field(list, 'predicate').items();
  const or = field(predicate, 'or_matcher');
  if (or.exists) return any(nested(or), (one) => holds(one, read, depth + 1));
  const and = field(predicate, 'and_matcher');
  if (and.exists) return all(nested(and), (one) => holds(one, read, depth + 1));
  const negated = field(predicate, 'not_matcher');
  if (negated.exists) return not(holds(negated, read, depth + 1));
  const single = field(predicate, 'single_predicate');
  const beyond = unknownField(single, KNOWN_SINGLE);
  if (beyond !== undefined) return beyond;
  const custom = field(field(single, 'custom_match'), 'typed_config');
  const text = field(single, 'value_match');
  if (!text.exists && typeName(custom) !== IP_MATCHER)
    return unknown('a predicate of a matcher is not understood', predicate);
  const value = readInput(field(single, 'input'), read);
  if (value === null || isUnknown(value)) return value ?? false;
  return text.exists
    ? matchString(text, value)
    : any(field(custom, 'cidr_ranges').items(), (range) => matchCidr(range, value));
}
