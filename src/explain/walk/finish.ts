import type { Branch } from '../../model/explanation.ts';
import type { Weighted } from '../../model/branching.ts';
import { conditionsText } from '../sentences/conditions.ts';
import { asClientSees } from './as-client-sees.ts';
import { retriedShares } from './retry-elsewhere.ts';
import type { End, WalkState } from './state.ts';

/** Where a branch of the walk ends, and how. */
export interface Finished {
  readonly state: WalkState;
  readonly end: End;
}

/** The branches that ends of a walk make. */
export function finishBranches(ends: readonly Finished[]): (Branch & Weighted)[] {
  const seen = ends.map(({ state, end }) => asClientSees(state.proxies, end));
  const shares = retriedShares(
    ends.map(({ state: { probability, conditions, proxies } }, at) => ({
      probability,
      conditions,
      proxies,
      retried: new Set(seen[at]?.retried),
    })),
  );
  return seen.flatMap(({ end }, at) => {
    const state = ends[at]?.state;
    return state === undefined ? [] : [branchOf(state, end, shares[at] ?? state.probability)];
  });
}

function branchOf(state: WalkState, seen: End, probability: number): Branch & Weighted {
  return {
    probability,
    conditions: state.conditions,
    condition: conditionsText(state.conditions),
    disposition: seen.disposition,
    status: seen.status ?? null,
    flag: seen.flag ?? null,
    detail: seen.detail ?? null,
    reason: seen.reason,
    backend: seen.backend ?? null,
    observedSource: seen.observedSource ?? null,
    hops: state.hops,
  };
}
