import type { ConditionSubject } from '../../../model/branching.ts';
import type { List } from '../list.ts';
import type { RecentEntry } from '../state.ts';

/** What one test of a rule says of the packet. */
export type TestResult =
  /** `recent`: the lists after the test, when it changed them. */
  | { readonly kind: 'yes'; readonly recent?: List<RecentEntry> | null }
  | { readonly kind: 'no'; readonly recent?: List<RecentEntry> | null }
  /** It matches with this probability, independent of everything else. */
  | { readonly kind: 'chance'; readonly probability: number }
  /** It matches when the condition has the value `matchesWhen`. */
  | {
      readonly kind: 'condition';
      readonly key: string;
      readonly subject: ConditionSubject;
      readonly matchesWhen: boolean;
      /** Lists after the test, for both values. */
      readonly recent?: { readonly whenTrue: List<RecentEntry> | null; readonly whenFalse: List<RecentEntry> | null };
    }
  /**
   * `reason`: why nobody can tell, in one clause. `cuts`: it could be told if it were known between which of these ports the packet's own lies
   * that is not known.
   */
  | { readonly kind: 'unknown'; readonly reason: string; readonly cuts?: readonly number[] };

export const YES: TestResult = { kind: 'yes' };
export const NO: TestResult = { kind: 'no' };

export function unknown(reason: string): TestResult {
  return { kind: 'unknown', reason };
}

export function yesNo(matches: boolean): TestResult {
  return matches ? YES : NO;
}

/** Turns a result round where the rule has `!`. */
export function negate(result: TestResult, negated: boolean): TestResult {
  if (!negated) return result;
  switch (result.kind) {
    case 'yes':
      return { ...result, kind: 'no' };
    case 'no':
      return { ...result, kind: 'yes' };
    case 'chance':
      return { kind: 'chance', probability: 1 - result.probability };
    case 'condition':
      return { ...result, matchesWhen: !result.matchesWhen };
    case 'unknown':
      return result;
  }
}

/** All of them: one `no` decides, then one `unknown`. Only for tests that are `yes`, `no` or `unknown`. */
export function all(results: readonly TestResult[]): TestResult {
  return results.find((result) => result.kind === 'no') ?? results.find((result) => result.kind === 'unknown') ?? YES;
}

/** Any of them: one `yes` decides, then one `unknown`. Only for tests that are `yes`, `no` or `unknown`. */
export function any(results: readonly TestResult[]): TestResult {
  return results.find((result) => result.kind === 'yes') ?? results.find((result) => result.kind === 'unknown') ?? NO;
}
