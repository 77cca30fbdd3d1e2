import type { Condition, Unknown } from '../../../model/branching.ts';
import type { EnvoyEnd, EnvoyOutcome, EnvoyStep, IstioReference } from '../../../model/envoy.ts';
import type { Cursor } from '../../../model/json.ts';
import type { Struct } from './struct.ts';

/** One branch of the evaluation on its way: how likely it is, what it supposes, and the decisions so far. */
export interface Walk {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  /** Null before the first decision. */
  readonly last: TakenStep | null;
  /** Response flags that filters set on the way: `DI`. */
  readonly flags: readonly string[];
  /** For how long filters hold it, in seconds. */
  readonly delay: number;
  /** Dynamic metadata that filters set on the way; of several values of one key the last counts. */
  readonly metadata: readonly SetMetadata[];
  /** The authority that a dynamic forward proxy has resolved; `''`: it had no answer; null: none has asked. */
  readonly resolvedHost: string | null;
}

/** What a filter has set as dynamic metadata of the request. */
export interface SetMetadata {
  readonly filter: string;
  readonly key: string;
  /** An Unknown where it depends on something that is not known. */
  readonly value: string | Struct | Unknown;
}

/** A decision and those before it: branches share what they have in common. */
interface TakenStep {
  readonly step: EnvoyStep;
  readonly before: TakenStep | null;
}

export const START: Walk = {
  probability: 1,
  conditions: [],
  last: null,
  flags: [],
  delay: 0,
  metadata: [],
  resolvedHost: null,
};

export function withStep(walk: Walk, taken: EnvoyStep): Walk {
  const { probability, conditions, last, flags, delay, metadata, resolvedHost } = walk;
  return { probability, conditions, last: { step: taken, before: last }, flags, delay, metadata, resolvedHost };
}

export function withSteps(walk: Walk, taken: readonly EnvoyStep[]): Walk {
  return taken.reduce(withStep, walk);
}

/** The branch that is taken with the given probability, and under the condition, if any. */
export function branch(walk: Walk, share: number, condition?: Condition): Walk {
  const { probability, conditions, last, flags, delay, metadata, resolvedHost } = walk;
  return {
    probability: probability * share,
    conditions: condition === undefined ? conditions : [...conditions, condition],
    last,
    flags,
    delay,
    metadata,
    resolvedHost,
  };
}

/** Names of what took a request; null: nothing did, or it has no name. */
export interface Taken {
  listener: string | null;
  filterChain: string | null;
  virtualHost: string | null;
  route: string | null;
  /** The cluster that the route or filter names, whether or not the proxy has it. */
  cluster: string | null;
}

/** What the steps before a decision, and itself, took; the innermost of each kind. */
function takenUpTo(last: TakenStep | null): Taken {
  const names: Taken = { listener: null, filterChain: null, virtualHost: null, route: null, cluster: null };
  for (let at = last; at !== null; at = at.before) {
    const { kind, action, name } = at.step;
    if (kind === 'cluster' && (action === 'selected' || action === 'missing')) names.cluster ??= name;
    else if (kind === 'route' && action === 'selected') names.route ??= name;
    // Of one that is looked for anew.
    else if (kind === 'route' && action === 'missing') names.route ??= '';
    else if (kind === 'virtual-host' && action === 'selected') names.virtualHost ??= name;
    else if (kind === 'filter-chain' && action !== 'missing') names.filterChain ??= name;
    else if (kind === 'listener' && action !== 'missing' && action !== 'skipped') names.listener ??= name;
  }
  if (names.route === '') names.route = null;
  return names;
}

/** A host that a cluster's load balancer may pick. */
export interface HostShare {
  /** `10.0.0.1:80` */
  readonly host: string;
  /** Of the requests that get to the cluster. */
  readonly share: number;
}

/** An end of the walk; its steps are listed when somebody reads them. */
class Outcome implements EnvoyOutcome {
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly end: EnvoyEnd;
  readonly hostShares: readonly HostShare[] | null;
  readonly #last: TakenStep | null;
  readonly #taken: Taken | null;
  #steps: EnvoyStep[] | null = null;

  constructor(
    { probability, conditions, last }: Pick<Walk, 'probability' | 'conditions' | 'last'>,
    how: EnvoyEnd,
    hostShares: readonly HostShare[] | null,
    taken: Taken | null = null,
  ) {
    this.hostShares = hostShares;
    this.#taken = taken;
    this.probability = probability;
    this.conditions = conditions;
    this.end = how;
    this.#last = last;
  }

  get taken(): Taken {
    return this.#taken ?? takenUpTo(this.#last);
  }

  underOtherNames(taken: Taken, hosts: readonly HostShare[] | null): Outcome {
    const { probability, conditions } = this;
    return new Outcome({ probability, conditions, last: this.#last }, this.end, hosts, taken);
  }

  endedBy(how: EnvoyEnd): Outcome {
    const { probability, conditions } = this;
    return new Outcome({ probability, conditions, last: this.#last }, how, this.hostShares, this.#taken);
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

/** What took the request of an outcome of this evaluator. */
export function takenBy(outcome: EnvoyOutcome): Taken {
  return outcome instanceof Outcome ? outcome.taken : takenUpTo(null);
}

export function end(walk: Walk, how: EnvoyEnd): EnvoyOutcome[] {
  return [new Outcome(walk, how, null)];
}

/** The outcome with another end, which its steps lead to as well. */
export function withEnd(outcome: EnvoyOutcome, how: EnvoyEnd): EnvoyOutcome {
  return outcome instanceof Outcome ? outcome.endedBy(how) : { ...outcome, end: how };
}

/** Ends at several hosts of one cluster. @param how the end at one of them */
export function endAmong(walk: Walk, how: EnvoyEnd, hosts: readonly HostShare[]): EnvoyOutcome[] {
  return [new Outcome(walk, how, hosts)];
}

/** The outcome of a request that took another way, of other names, among other hosts; its steps and its end tell of the first way. */
export function underOtherNames(outcome: EnvoyOutcome, taken: Taken, hosts: readonly HostShare[] | null): EnvoyOutcome {
  return outcome instanceof Outcome ? outcome.underOtherNames(taken, hosts) : outcome;
}

/** The hosts of an outcome that is for several of them; null: it is for one, or for none. */
export function sharesOf(outcome: EnvoyOutcome): readonly HostShare[] | null {
  return outcome instanceof Outcome ? outcome.hostShares : null;
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

/** A step; what it tells beside its name is spelled out when somebody reads it, since most branches are only counted. */
class Step implements EnvoyStep {
  readonly kind: EnvoyStep['kind'];
  readonly action: string;
  readonly name: string;
  #details: StepDetails | (() => StepDetails);
  #evidence: EnvoyStep['evidence'] | null;

  constructor(kind: EnvoyStep['kind'], action: string, name: string, details: StepDetails | (() => StepDetails)) {
    this.kind = kind;
    this.action = action;
    this.name = name;
    this.#details = details;
    this.#evidence = null;
  }

  get objects(): EnvoyStep['objects'] {
    return this.#told().objects ?? NONE;
  }

  get reasons(): readonly string[] {
    return this.#told().reasons ?? NONE;
  }

  get evidence(): EnvoyStep['evidence'] {
    const cites = this.#told().cites ?? NONE;
    this.#evidence ??= cites.filter((cursor) => cursor.exists).map((cursor) => cursor.evidence());
    return this.#evidence;
  }

  #told(): StepDetails {
    if (typeof this.#details === 'function') this.#details = this.#details();
    return this.#details;
  }
}

const NONE: readonly never[] = [];

/** @param details a function where making them costs something: most steps are never told */
export function step(
  kind: EnvoyStep['kind'],
  action: string,
  name: string,
  details: StepDetails | (() => StepDetails) = NO_DETAILS,
): EnvoyStep {
  return new Step(kind, action, name, details);
}

const NO_DETAILS: StepDetails = {};
