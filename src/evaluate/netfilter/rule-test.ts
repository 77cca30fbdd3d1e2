import { MISS } from './state.ts';
import type { Match } from '../../model/iptables-rule.ts';
import { matchOne } from './match/match.ts';
import { YES, type TestResult } from './match/result.ts';
import { portCases } from './port-cases.ts';
import { change, withState, type RuleContext, type WalkState } from './state.ts';
import { suppose } from './suppose.ts';

/** One way that a rule's tests may turn out. */
export interface Tested {
  readonly matches: 'yes' | 'no' | 'unknown';
  /** With the probability, conditions and list entries of this way. */
  readonly state: WalkState;
  /** For `unknown`: why, one clause for the first test that nobody can tell. */
  readonly reason?: string;
  /** For `unknown`: the packet in each case that a condition names, and how the rule's tests turn out there. */
  readonly split?: () => readonly TestedCase[];
}

/** How a rule's tests turn out where something is supposed of the packet. */
export interface TestedCase {
  /** The packet at the rule, of which that is supposed. */
  readonly entered: WalkState;
  readonly tested: Tested;
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
  return results === undefined ? [{ matches: 'yes', state }] : testFrom(context, 0, [], results);
}

/**
 * @param before tests in front that nobody can tell
 * @param results what each test said of the packet as it came to the rule
 */
function testFrom(
  context: RuleContext,
  from: number,
  before: readonly OpenTest[],
  results: readonly TestResult[],
): readonly Tested[] {
  const { matches } = context.rule;
  let { state } = context;
  const open = [...before];
  for (let index = from; index < matches.length; index += 1) {
    const match = matches[index];
    if (match === undefined) break;
    const remembered = CHANGING.has(match.kind) ? undefined : results[index];
    const result = remembered ?? matchOne(match, withState(context, state));
    if (result.kind === 'no') return [miss(withRecent(state, result.recent))];
    if (result.kind === 'yes') state = withRecent(state, result.recent);
    else if (decidedLater(results, index)) return [miss(state)];
    else if (result.kind === 'unknown') open.push({ match, result });
    else return fork(context, index, open, results, state, result);
  }
  return [ended(withState(context, state), open)];
}

/** A test that nobody can tell. */
interface OpenTest {
  readonly match: Match;
  readonly result: Extract<TestResult, { kind: 'unknown' }>;
}

/** How a rule's tests turn out when none says no but those that nobody can tell. */
function ended(context: RuleContext, open: readonly OpenTest[]): Tested {
  const { state, environment } = context;
  const [first] = open;
  if (first === undefined) return { matches: 'yes', state };
  const told: Tested = { matches: 'unknown', state, reason: first.result.reason };
  const cases = portCases(
    state,
    open.flatMap(({ result }) => result.cuts ?? []),
    environment,
  );
  if (cases === undefined) return told;
  const split = (): readonly TestedCase[] =>
    cases.map((entered) => ({ entered, tested: testAgain(withState(context, entered), open) }));
  return { ...told, split };
}

/** Asks the open tests anew, of a packet of which more is known. */
function testAgain(context: RuleContext, open: readonly OpenTest[]): Tested {
  const still: OpenTest[] = [];
  for (const { match } of open) {
    const result = matchOne(match, context);
    if (result.kind === 'no') return miss(context.state);
    if (result.kind === 'unknown') still.push({ match, result });
  }
  return ended(context, still);
}

/** Splits at a test of chance or of a condition; the tests behind it are asked where it holds. */
function fork(
  context: RuleContext,
  index: number,
  open: readonly OpenTest[],
  results: readonly TestResult[],
  state: WalkState,
  result: Extract<TestResult, { kind: 'chance' | 'condition' }>,
): readonly Tested[] {
  const onward = (next: WalkState): readonly Tested[] => testFrom(withState(context, next), index + 1, open, results);
  if (result.kind === 'chance') {
    const { probability } = result;
    const no = change(state, { probability: state.probability * (1 - probability) });
    return [...onward(change(state, { probability: state.probability * probability })), miss(no)];
  }
  const { key, subject, matchesWhen, recent } = result;
  const supposed = (value: boolean): WalkState | null => {
    const next = suppose(state, { key, value, subject });
    if (next === null || recent === undefined) return next;
    return change(next, { recent: value ? recent.whenTrue : recent.whenFalse });
  };
  const yes = supposed(matchesWhen);
  const no = supposed(!matchesWhen);
  return [...(yes === null ? [] : onward(yes)), ...(no === null ? [] : [miss(no)])];
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
