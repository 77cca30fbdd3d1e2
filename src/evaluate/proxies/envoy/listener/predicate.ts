import type { Cursor } from '../../../../model/json.ts';
import { field, unknown } from '../proto-json.ts';
import { all, any, not } from '../truth.ts';
import type { Truth } from '../truth.ts';

/**
 * ListenerFilterChainMatchPredicate over the socket's local port at that time
 * (source/common/network/filter_matcher.cc). An absent predicate disables nothing.
 */
export function matchPredicate(predicate: Cursor, localPort: number): Truth {
  if (!predicate.exists) return false;
  const or = field(predicate, 'or_match');
  if (or.exists) return any(field(or, 'rules').items(), (rule) => matchPredicate(rule, localPort));
  const and = field(predicate, 'and_match');
  if (and.exists) return all(field(and, 'rules').items(), (rule) => matchPredicate(rule, localPort));
  const negated = field(predicate, 'not_match');
  if (negated.exists) return not(matchPredicate(negated, localPort));
  if (field(predicate, 'any_match').boolean() === true) return true;
  const range = field(predicate, 'destination_port_range');
  if (!range.exists) return unknown('a listener filter predicate is not understood', predicate);
  return localPort >= (field(range, 'start').number() ?? 0) && localPort < (field(range, 'end').number() ?? 0);
}
