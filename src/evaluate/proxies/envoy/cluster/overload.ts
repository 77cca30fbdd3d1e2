/**
 * What a cluster refuses of its load: circuit breakers that are open, and `drop_overloads`.
 *
 * In: what was read of the cluster, and how a refusal is answered. Out: the branches that are refused, beside those that go on.
 */
import type { EnvoyFacts, EnvoyOutcome, EnvoyUpstream } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import { field } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import { branch, step, withEnd, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { reachedLimit } from './circuit-breaker.ts';
import type { Overflow, Priority } from './circuit-breaker.ts';
import type { KnownCluster } from './known-cluster.ts';

/** What ends a forward without a host. */
export type ForwardFailure = 'no-cluster' | 'no-host' | 'overload-all' | 'overload-some' | 'overflow' | 'pool-overflow';

/** How a refusal is answered, and which circuit breaker counts. */
export interface Refusing {
  readonly priority: Priority;
  /** Answers or closes. */
  readonly fail: (walk: Walk, failure: ForwardFailure) => EnvoyOutcome[];
}

type Protocol = 'http' | 'tcp' | 'tcp-pool';

/** The circuit breaker that refuses what is sent; null: none does. */
export function limitOf(
  facts: EnvoyFacts,
  { resource, limits }: KnownCluster,
  protocol: Protocol,
  priority: Priority,
): Overflow | null {
  if (resource === undefined) return null;
  const key = `${protocol} ${priority}`;
  let limit = limits.get(key);
  if (limit === undefined) {
    limit = reachedLimit(facts, resource, protocol, priority);
    limits.set(key, limit);
  }
  return limit;
}

/** Goes on unless a circuit breaker refuses what is sent. @param connecting the host that was chosen, if one was */
export function unlessFull(
  { facts }: Pick<ConnectionContext, 'facts'>,
  cluster: KnownCluster,
  protocol: Protocol,
  walk: Walk,
  how: Refusing,
  next: (walk: Walk) => EnvoyOutcome[],
  connecting?: () => EnvoyUpstream,
): EnvoyOutcome[] {
  const limit = limitOf(facts, cluster, protocol, how.priority);
  if (limit === null) return next(walk);
  const failure = protocol === 'tcp-pool' ? 'pool-overflow' : 'overflow';
  const { text, cite, afterConnecting, condition } = limit;
  const fail = (refused: Walk): EnvoyOutcome[] => {
    const answers = how.fail(refused, failure);
    if (!afterConnecting || connecting === undefined) return answers;
    const connectsTo = connecting();
    return answers.map((answer) =>
      answer.end.kind === 'reply' ? withEnd(answer, { ...answer.end, connectsTo }) : answer,
    );
  };
  const full = step('cluster', 'dropped', '', { reasons: [`its circuit breaker is open: ${text}`], cites: [cite] });
  if (condition === null) return fail(withStep(walk, full));
  const refused = withStep(branch(walk, 1, condition(true)), full);
  return [...fail(refused), ...next(branch(walk, 1, condition(false)))];
}

/** `drop_overloads` refuse a part of the requests before a host is picked (Router::Filter::decodeHeaders, checkDropOverload). */
export function dropOverload(
  drop: Cursor | null,
  walk: Walk,
  how: Refusing,
  next: (walk: Walk) => EnvoyOutcome[],
): EnvoyOutcome[] {
  if (drop === null) return next(walk);
  const share = fractionProbability(readFraction(field(drop, 'drop_percentage')));
  if (share <= 0) return next(walk);
  const reasons = [`${share * 100} % of requests are dropped`];
  const dropped = withStep(walk, step('cluster', 'dropped', '', { reasons, cites: [drop] }));
  if (share >= 1) return how.fail(dropped, 'overload-all');
  return [...how.fail(branch(dropped, share), 'overload-some'), ...next(branch(walk, 1 - share))];
}
