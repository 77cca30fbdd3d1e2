import { addressFromBits, parseAddress } from '../../../model/address.ts';
import type { Match } from '../../../model/iptables-rule.ts';
import { append, findLast } from '../list.ts';
import { sourceOf, type RuleContext, type WalkState } from '../state.ts';
import { negate, unknown, type TestResult } from './result.ts';

const RANDOM_RANGE = 2 ** 31;

/**
 * `-m statistic`: `(random & 0x7fffffff) < threshold` is one chance in 2^31 for each unit; `nth` counts the packets that come to
 * the rule. Source: net/netfilter/xt_statistic.c statistic_mt.
 */
export function matchStatistic(match: Extract<Match, { kind: 'statistic' }>, context: RuleContext): TestResult {
  if (match.mode === 'random') {
    const probability = match.threshold / RANDOM_RANGE;
    const result: TestResult =
      probability <= 0 ? { kind: 'no' } : probability >= 1 ? { kind: 'yes' } : { kind: 'chance', probability };
    return negate(result, match.negated);
  }
  if (match.every === 1) return negate({ kind: 'yes' }, match.negated);
  const subject = { kind: 'nth', every: match.every, packet: match.packet } as const;
  return negate({ kind: 'condition', key: ownKey('nth', context), subject, matchesWhen: true }, match.negated);
}

/** `-m limit`: matches while its bucket has a token. Source: net/netfilter/xt_limit.c limit_mt. */
export function matchLimit(rate: string, context: RuleContext): TestResult {
  return { kind: 'condition', key: ownKey('limit', context), subject: { kind: 'limit', rate }, matchesWhen: true };
}

/** `-m hashlimit`: `--hashlimit-above` matches when the bucket is empty. Source: net/netfilter/xt_hashlimit.c. */
export function matchHashlimit(match: Extract<Match, { kind: 'extension' }>, context: RuleContext): TestResult {
  const option = match.options.find((one) => ['hashlimit', 'hashlimit-upto', 'hashlimit-above'].includes(one.name));
  const rate = option?.values[0];
  if (option === undefined || rate === undefined) return { kind: 'unknown', reason: 'hashlimit has no rate' };
  const above = (option.name === 'hashlimit-above') !== option.negated;
  return { kind: 'condition', key: ownKey('limit', context), subject: { kind: 'limit', rate }, matchesWhen: !above };
}

function ownKey(kind: string, { state, rule, ruleset }: RuleContext): string {
  return freshKey(`${kind}:${ruleset.artefact}:${rule.line}`, state);
}

/** The key of a question that a rule asks anew each time that a packet comes to it. */
export function freshKey(key: string, state: WalkState): string {
  let asked = 0;
  for (let at = state.conditions; at !== null; at = at.before) {
    if (at.last.key === key || at.last.key.startsWith(`${key}#`)) asked += 1;
  }
  return asked === 0 ? key : `${key}#${asked + 1}`;
}

/**
 * `-m recent`. What the packet's own rules put into a list or took out of it is known; everything else is a condition.
 * Source: net/netfilter/xt_recent.c recent_mt.
 */
export function matchRecent(match: Extract<Match, { kind: 'recent' }>, { state }: RuleContext): TestResult {
  const side = match.side === 'source' ? sourceOf(state) : state.flow.destination;
  if (side === undefined) return unknown('the address is not known');
  const address = masked(side, match.mask);
  const entry = `${match.list}:${address}`;
  const known = findLast(state.recent, (one) => one.key === entry)?.present;
  const withEntry = append(state.recent, { key: entry, present: true });
  const without = append(state.recent, { key: entry, present: false });
  if (match.mode === 'set') return negate({ kind: 'yes', recent: withEntry }, match.negated);
  if (known === false) return negate({ kind: 'no' }, match.negated);
  const plain = match.hits === null || match.hits <= 1;
  if (known === true && (match.mode === 'remove' || (plain && !match.ttl))) {
    return negate({ kind: 'yes', ...(match.mode === 'remove' ? { recent: without } : {}) }, match.negated);
  }
  const { seconds, hits } = match;
  const detail = [seconds === null ? '' : `:${seconds}s`, hits === null ? '' : `:${hits}x`, match.ttl ? ':ttl' : ''];
  const result: TestResult = {
    kind: 'condition',
    key: `recent:${entry}${detail.join('')}${known === true ? ':again' : ''}`,
    subject: {
      kind: 'recent',
      list: match.list,
      address,
      ...(seconds === null ? {} : { seconds }),
      ...(hits === null ? {} : { hits }),
    },
    matchesWhen: true,
    ...(match.mode === 'remove' ? { recent: { whenTrue: without, whenFalse: without } } : {}),
  };
  return negate(result, match.negated);
}

function masked(text: string, maskText: string): string {
  const address = parseAddress(text);
  const mask = parseAddress(maskText);
  if (address === undefined || mask?.family !== address.family) return text;
  return addressFromBits(address.family, address.bits & mask.bits).text;
}
