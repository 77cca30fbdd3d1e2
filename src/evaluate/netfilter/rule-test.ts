import type { Condition } from '../../model/branching.ts';
import { MISS } from './state.ts';
import { append, findLast } from './list.ts';
import { matchOne } from './match/match.ts';
import { YES, type TestResult } from './match/result.ts';
import { change, withState, type RuleContext, type WalkState } from './state.ts';

/** One way that a rule's tests may turn out. */
export interface Tested {
  readonly matches: 'yes' | 'no' | 'unknown';
  /** With the probability, conditions and list entries of this way. */
  readonly state: WalkState;
  /** For `unknown`: why, one clause for the first test that nobody can tell. */
  readonly reason?: string;
}

/** Tests that ask what earlier ones left behind. */
const CHANGING: ReadonlySet<string> = new Set(['recent', 'limit', 'statistic', 'extension']);

/**
 * Tests a packet against a rule, test by test as the kernel does, because some leave traces (`recent`) or are chance. A test that
 * says no decides, whatever others that are not known would say.
 */
export function testRule(context: RuleContext): readonly Tested[] | typeof MISS {
  const { state, rule } = context;
  const { matches } = rule;
  // Most tests say yes or no: what they said is noted from the first one on that says anything else.
  let results: TestResult[] | undefined;
  for (const [index, match] of matches.entries()) {
    const result = matchOne(match, context);
    if (results !== undefined) results.push(result);
    else if (result.kind === 'no') return 'recent' in result ? [miss(withRecent(state, result.recent))] : MISS;
    else if (result.kind !== 'yes' || 'recent' in result) results = [...Array<TestResult>(index).fill(YES), result];
  }
  return results === undefined ? [{ matches: 'yes', state }] : testFrom(context, 0, undefined, results);
}

/** @param results what each test said of the packet as it came to the rule */
function testFrom(
  context: RuleContext,
  from: number,
  reason: string | undefined,
  results: readonly TestResult[],
): readonly Tested[] {
  const { matches } = context.rule;
  let { state } = context;
  let unknown = reason;
  for (let index = from; index < matches.length; index += 1) {
    const match = matches[index];
    if (match === undefined) break;
    const remembered = CHANGING.has(match.kind) ? undefined : results[index];
    const result = remembered ?? matchOne(match, withState(context, state));
    if (result.kind === 'no') return [miss(withRecent(state, result.recent))];
    if (result.kind === 'yes') state = withRecent(state, result.recent);
    else if (decidedLater(results, index)) return [miss(state)];
    else if (result.kind === 'unknown') unknown ??= result.reason;
    else return fork(context, index, unknown, results, state, result);
  }
  return [unknown === undefined ? { matches: 'yes', state } : { matches: 'unknown', state, reason: unknown }];
}

/** Splits at a test of chance or of a condition; the tests behind it are asked where it holds. */
function fork(
  context: RuleContext,
  index: number,
  unknown: string | undefined,
  results: readonly TestResult[],
  state: WalkState,
  result: Extract<TestResult, { kind: 'chance' | 'condition' }>,
): readonly Tested[] {
  const onward = (next: WalkState): readonly Tested[] =>
    testFrom(withState(context, next), index + 1, unknown, results);
  if (result.kind === 'chance') {
    const { probability } = result;
    const no = change(state, { probability: state.probability * (1 - probability) });
    return [...onward(change(state, { probability: state.probability * probability })), miss(no)];
  }
  const { key, subject, matchesWhen, recent } = result;
  const known = findLast(state.conditions, (condition) => condition.key === key)?.value;
  const suppose = (value: boolean): WalkState => {
    const condition: Condition = { key, value, subject };
    const entries = recent === undefined ? state.recent : value ? recent.whenTrue : recent.whenFalse;
    const conditions = known === undefined ? append(state.conditions, condition) : state.conditions;
    return change(state, { conditions, recent: entries });
  };
  const yes = known === undefined || known === matchesWhen ? onward(suppose(matchesWhen)) : [];
  const no: readonly Tested[] = known === undefined || known !== matchesWhen ? [miss(suppose(!matchesWhen))] : [];
  return [...yes, ...no];
}

/** Whether a test behind this one says no for certain. */
function decidedLater(results: readonly TestResult[], index: number): boolean {
  return results.some((result, other) => other > index && result.kind === 'no' && result.recent === undefined);
}

function miss(state: WalkState): Tested {
  return { matches: 'no', state };
}

function withRecent(state: WalkState, recent: WalkState['recent'] | undefined): WalkState {
  return recent === undefined ? state : change(state, { recent });
}
