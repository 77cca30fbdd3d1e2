import type { Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { TraversalOutcome } from '../../model/netfilter.ts';
import { toArray } from './list.ts';
import type { WalkState } from './state.ts';

/** How a branch ends. */
export function endBranch(
  state: WalkState,
  verdict: TraversalOutcome['verdict'],
  detail: Partial<Pick<TraversalOutcome, 'endedBy' | 'rejectWith' | 'unknown'>> = {},
): TraversalOutcome {
  const { sourceNat, interception, encapsulation } = state;
  const outcome: { -readonly [Key in keyof TraversalOutcome]: TraversalOutcome[Key] } = {
    verdict,
    flow: state.flow,
    rules: toArray(state.rules),
    route: state.route,
    probability: state.probability,
    conditions: toArray(state.conditions),
  };
  if (state.mayMatch !== null) outcome.mayMatch = toArray(state.mayMatch);
  if (sourceNat !== undefined) outcome.sourceNat = sourceNat;
  if (encapsulation !== undefined) outcome.encapsulation = encapsulation;
  if (interception !== undefined && verdict === 'local') outcome.interception = interception;
  return Object.assign(outcome, detail);
}

export function undetermined(state: WalkState, unknown: Unknown): TraversalOutcome {
  return endBranch(state, 'undetermined', { unknown });
}

export function notKnown(reason: string, evidence: readonly Evidence[] = []): Unknown {
  return { reason, evidence };
}
