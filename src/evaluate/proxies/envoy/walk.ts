import type { Condition, Unknown } from '../../../model/branching.ts';
import type { EnvoyEnd, EnvoyOutcome, EnvoyStep, IstioReference } from '../../../model/envoy.ts';
import type { Cursor } from '../../../model/json.ts';

/** One branch of the evaluation on its way: how likely it is, what it supposes, and the decisions so far. */
export interface Walk {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  /** Null before the first decision. */
  readonly last: TakenStep | null;
  /** Response flags that filters set on the way: `DI`. */
  readonly flags: readonly string[];
}

/** A decision and those before it: branches share what they have in common. */
interface TakenStep {
  readonly step: EnvoyStep;
  readonly before: TakenStep | null;
}

export const START: Walk = { probability: 1, conditions: [], last: null, flags: [] };

/** What comes after a decision: the branches that the walk ends in. */
export type Next<T> = (walk: Walk, value: T) => EnvoyOutcome[];

export function withStep({ probability, conditions, last, flags }: Walk, taken: EnvoyStep): Walk {
  return { probability, conditions, last: { step: taken, before: last }, flags };
}

export function withSteps(walk: Walk, taken: readonly EnvoyStep[]): Walk {
  return taken.reduce(withStep, walk);
}

/** The branch that is taken with the given probability, and under the condition, if any. */
export function branch({ probability, conditions, last, flags }: Walk, share: number, condition?: Condition): Walk {
  return {
    probability: probability * share,
    conditions: condition === undefined ? conditions : [...conditions, condition],
    last,
    flags,
  };
}

/** An end of the walk; its steps are listed when somebody reads them. */
class Outcome implements EnvoyOutcome {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly end: EnvoyEnd;
  readonly #last: TakenStep | null;
  #steps: EnvoyStep[] | null = null;

  constructor({ probability, conditions, last }: Walk, how: EnvoyEnd) {
    this.probability = probability;
    this.conditions = conditions;
    this.end = how;
    this.#last = last;
  }

  get steps(): readonly EnvoyStep[] {
    if (this.#steps === null) {
      this.#steps = [];
      for (let taken = this.#last; taken !== null; taken = taken.before) this.#steps.push(taken.step);
      this.#steps.reverse();
    }
    return this.#steps;
  }
}

export function end(walk: Walk, how: EnvoyEnd): EnvoyOutcome[] {
  return [new Outcome(walk, how)];
}

/** Ends a branch where something is not known. */
export function undetermined(walk: Walk, unknown: Unknown): EnvoyOutcome[] {
  return end(walk, { kind: 'undetermined', unknown });
}

interface StepDetails {
  /** A function where making them costs something: most steps are never told. */
  readonly reasons?: readonly string[] | (() => readonly string[]);
  readonly objects?: readonly IstioReference[];
  /** Parts of the configuration that prove the step; absent ones are left out. */
  readonly cites?: readonly Cursor[];
}

/** A step; its evidence is spelled out when somebody reads it, since most branches are only counted. */
class Step implements EnvoyStep {
  readonly kind: EnvoyStep['kind'];
  readonly action: string;
  readonly name: string;
  readonly objects: readonly IstioReference[];
  #reasons: readonly string[] | (() => readonly string[]);
  readonly #cites: readonly Cursor[];
  #evidence: EnvoyStep['evidence'] | null = null;

  constructor(kind: EnvoyStep['kind'], action: string, name: string, details: StepDetails) {
    this.kind = kind;
    this.action = action;
    this.name = name;
    this.#reasons = details.reasons ?? NONE;
    this.objects = details.objects ?? NONE;
    this.#cites = details.cites ?? NONE;
  }

  get reasons(): readonly string[] {
    if (typeof this.#reasons === 'function') this.#reasons = this.#reasons();
    return this.#reasons;
  }

  get evidence(): EnvoyStep['evidence'] {
    this.#evidence ??= this.#cites.filter((cursor) => cursor.exists).map((cursor) => cursor.evidence());
    return this.#evidence;
  }
}

const NONE: readonly never[] = [];

export function step(kind: EnvoyStep['kind'], action: string, name: string, details: StepDetails = {}): EnvoyStep {
  return new Step(kind, action, name, details);
}
