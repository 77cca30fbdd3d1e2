import type { Step } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { TraversalOutcome } from '../../model/netfilter.ts';
import type { NetnsVisit, Owner } from '../../model/trace.ts';
import { netfilterSteps } from '../sentences/netfilter.ts';
import { routeStep, unroutableReason } from '../sentences/routing.ts';
import { intendedOnNode } from '../world/intended-node.ts';
import { unlistedChains } from '../world/blind-spots.ts';
import { traverse } from '../world/netns.ts';
import type { World } from '../world/world.ts';
import { intendedInPod } from './intended-pod.ts';
import { intendedNodeCrossing } from './intended-node.ts';
import type { Crossing } from './state.ts';

export interface Crossed {
  readonly crossings: readonly Crossing[];
  readonly visit: NetnsVisit;
}

/**
 * Takes a packet through the namespace of `owner`: by its own rules and routes where they were captured, else as the API
 * objects intend it. A node is evaluated both ways where it can be, so that the two can be compared.
 */
export function cross(world: World, owner: Owner, flow: Flow, from: 'wire' | 'process'): Crossed {
  const programmed = traverse(world, owner, flow, from);
  const intended = owner.kind === 'node' ? intendedOnNode(world, owner, flow) : null;
  // What is only assumed of kube-proxy is nothing that rules could be held against.
  const comparable = intended === null || intended.assumptions.length > 0 ? null : intended.outcomes;
  const visit: NetnsVisit = { kind: 'netns', owner, from, flow, programmed, intended: comparable };
  if (programmed !== null) {
    const view = world.cluster(owner.cluster);
    const clause = unlistedChains(world, owner);
    const made = programmed.map((outcome) => programmedCrossing(view, flow, outcome));
    return { crossings: clause === null ? made : made.map((crossing) => supposing(crossing, clause)), visit };
  }
  const crossings =
    owner.kind === 'pod' ? intendedInPod(owner, flow, from) : intendedNodeCrossing(world, owner, flow, intended);
  return { crossings, visit };
}

function programmedCrossing(
  view: Parameters<typeof netfilterSteps>[0],
  flow: Flow,
  outcome: TraversalOutcome,
): Crossing {
  const steps = withRoute(netfilterSteps(view, flow, outcome), view, outcome);
  const base = {
    probability: outcome.probability,
    conditions: outcome.conditions,
    flow: outcome.flow,
    device: outcome.route?.device ?? null,
    gateway: outcome.route?.gateway ?? null,
    ...(outcome.encapsulation === undefined ? {} : { encapsulation: outcome.encapsulation }),
    basis: 'programmed' as const,
    steps,
  };
  switch (outcome.verdict) {
    case 'forward':
    case 'local':
      return { ...base, verdict: outcome.verdict, reason: null, detail: null };
    case 'drop':
      return { ...base, verdict: 'drop', reason: `${endText(steps)}.`, detail: 'timeout' };
    case 'reject':
      return { ...base, verdict: 'reject', reason: `${endText(steps)}.`, detail: outcome.rejectWith ?? null };
    case 'unroutable':
      return { ...base, verdict: 'unroutable', ...unroutableReason(outcome.route) };
    case 'undetermined': {
      const unknown = outcome.unknown ?? { reason: 'a rule could not be evaluated', evidence: [] };
      const step: Step = { kind: 'rule', action: 'unknown', text: unknown.reason, evidence: unknown.evidence };
      return {
        ...base,
        steps: [...steps, step],
        verdict: 'undetermined',
        reason: `${unknown.reason}.`,
        detail: null,
        unknown,
      };
    }
  }
}

/** The crossing with one more thing that it takes for granted. */
function supposing(crossing: Crossing, clause: string): Crossing {
  const rule = Math.max(
    0,
    crossing.steps.findIndex((step) => step.kind === 'rule'),
  );
  const steps = crossing.steps.map((step, index) =>
    index === rule ? { ...step, assumptions: [...(step.assumptions ?? []), clause] } : step,
  );
  return { ...crossing, steps };
}

/** The routing decision as one more step; where the packet stays, it only proves the step before. */
function withRoute(
  steps: readonly Step[],
  view: Parameters<typeof netfilterSteps>[0],
  { route, flow, verdict }: TraversalOutcome,
): readonly Step[] {
  if (route === null) return steps;
  const step = routeStep(view, route, flow);
  const last = steps.at(-1);
  if (last === undefined) return [step];
  // What stops a routed packet stands in a chain after the decision.
  if (route.kind !== 'local' && (verdict === 'drop' || verdict === 'reject'))
    return [...steps.slice(0, -1), step, last];
  if (route.kind !== 'local') return [...steps, step];
  const assumptions = [...(last.assumptions ?? []), ...(step.assumptions ?? [])];
  const proven: Step = { ...last, evidence: [...step.evidence, ...last.evidence] };
  return [...steps.slice(0, -1), assumptions.length === 0 ? proven : { ...proven, assumptions }];
}

/** The sentence of the last rule step: what ended the packet. */
function endText(steps: readonly Step[]): string {
  return steps.findLast((step) => step.kind === 'rule')?.text ?? 'a rule ends the packet';
}
