import type { TraversalOutcome } from '../../model/netfilter.ts';

const TOLERANCE = 1e-9;

/**
 * Whether two sets of branches say the same of the packet: how it ends, with which addresses, by which way, how likely and on which
 * conditions. Which rules led there does not count, nor does its mark, which nobody sees once it has left.
 */
export function agree(one: readonly TraversalOutcome[], other: readonly TraversalOutcome[]): boolean {
  const first = weigh(one);
  const second = weigh(other);
  if (first.size !== second.size) return false;
  return [...first].every(([key, probability]) => Math.abs((second.get(key) ?? -1) - probability) < TOLERANCE);
}

function weigh(outcomes: readonly TraversalOutcome[]): Map<string, number> {
  const weights = new Map<string, number>();
  for (const outcome of outcomes) {
    const key = keyOf(outcome);
    weights.set(key, (weights.get(key) ?? 0) + outcome.probability);
  }
  return weights;
}

function keyOf(outcome: TraversalOutcome): string {
  const { verdict, flow, route, rejectWith, sourceNat, interception, conditions } = outcome;
  const { mark: _, ...packet } = flow;
  const way = route === null ? null : [route.kind, route.device, route.gateway];
  const supposed = conditions.map(({ key, value }) => `${key}=${String(value)}`).toSorted();
  return JSON.stringify([verdict, packet, way, rejectWith, sourceNat, interception, supposed]);
}
