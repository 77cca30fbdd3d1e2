import type { Condition, Unknown } from '../../../model/branching.ts';
import type { EnvoyEnd, EnvoyOutcome, EnvoyStep, IstioReference } from '../../../model/envoy.ts';
import type { Cursor } from '../../../model/json.ts';

/** One branch of the evaluation on its way: how likely it is, what it supposes, and the decisions so far. */
export interface Walk {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly steps: readonly EnvoyStep[];
  /** Response flags that filters set on the way: `DI`. */
  readonly flags: readonly string[];
}

export const START: Walk = { probability: 1, conditions: [], steps: [], flags: [] };

/** What comes after a decision: the branches that the walk ends in. */
export type Next<T> = (walk: Walk, value: T) => EnvoyOutcome[];

export function withStep(walk: Walk, taken: EnvoyStep): Walk {
  return { ...walk, steps: [...walk.steps, taken] };
}

/** The branch that is taken with the given probability, and under the condition, if any. */
export function branch(walk: Walk, probability: number, condition?: Condition): Walk {
  return {
    ...walk,
    probability: walk.probability * probability,
    conditions: condition === undefined ? walk.conditions : [...walk.conditions, condition],
  };
}

export function end({ probability, conditions, steps }: Walk, how: EnvoyEnd): EnvoyOutcome[] {
  return [{ probability, conditions, steps, end: how }];
}

/** Ends a branch where something is not known. */
export function undetermined(walk: Walk, unknown: Unknown): EnvoyOutcome[] {
  return end(walk, { kind: 'undetermined', unknown });
}

interface StepDetails {
  readonly reasons?: readonly string[];
  readonly objects?: readonly IstioReference[];
  /** Parts of the configuration that prove the step; absent ones are left out. */
  readonly cites?: readonly Cursor[];
}

/** A step; its evidence is spelled out when somebody reads it, since most branches are only counted. */
export function step(kind: EnvoyStep['kind'], action: string, name: string, details: StepDetails = {}): EnvoyStep {
  const { reasons = [], objects = [], cites = [] } = details;
  let evidence: EnvoyStep['evidence'] | undefined;
  return {
    kind,
    action,
    name,
    reasons,
    objects,
    get evidence() {
      evidence ??= cites.filter((cursor) => cursor.exists).map((cursor) => cursor.evidence());
      return evidence;
    },
  };
}
