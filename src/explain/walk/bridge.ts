import type { Basis, Step } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { Visit } from '../../model/trace.ts';
import { bridgeCallsNetfilter } from '../world/attachment.ts';
import type { World } from '../world/world.ts';
import { cross } from './crossing.ts';
import {
  arriving,
  branched,
  end,
  hop,
  on,
  withHop,
  type Crossing,
  type Move,
  type Place,
  type WalkState,
} from './state.ts';
import type { Moved } from './through.ts';

type BridgePlace = Place & { readonly kind: 'bridge' };

/**
 * A frame crosses a bridge from one pod's port to another's. With br_netfilter the node's rules see it as if it were forwarded;
 * without, they don't. Where nobody knows which, the answer stands only if the rules would not have changed it.
 */
export function moveBridge(world: World, state: WalkState, place: BridgePlace): Moved {
  const { flow } = state;
  if (flow === null) return { moves: [], visits: [] };
  const owner = { kind: 'node' as const, cluster: place.cluster, node: place.node };
  const calls = bridgeCallsNetfilter(world, owner, place.bridge, flow.family);
  if (calls.value === false) return { moves: [arrives(state, place, [], 'programmed')], visits: [] };
  const { crossings, visit } = cross(world, owner, arriving(flow, place.bridge), 'wire');
  const visits: Visit[] = [visit];
  const harmless = crossings.every((crossing) => unchanged(crossing, flow));
  if (harmless) return { moves: [arrives(state, place, passedRules(place, crossings), basisOf(crossings))], visits };
  if (calls.value === undefined) return { moves: [unknownBridge(state, place)], visits };
  const moves = crossings.flatMap((crossing): Move[] => {
    const next = branched(state, crossing);
    if (next === undefined) return [];
    if (unchanged(crossing, flow)) return [arrives(next, place, passedRules(place, [crossing]), crossing.basis)];
    const hopped = withHop(next, hop('node', place.node, 'bridge', crossing.basis, [place.link, ...crossing.steps]));
    return [bridgeEnd(hopped, place, crossing)];
  });
  return { moves, visits };
}

function arrives(state: WalkState, place: BridgePlace, steps: readonly Step[], basis: Basis): Move {
  const next = withHop(state, hop('node', place.node, 'bridge', basis, [place.link, ...steps]));
  return on(next, { place: { kind: 'pod', cluster: place.cluster, pod: place.to } });
}

/** Rules that nobody captured leave the frame alone only as far as anybody knows. */
function basisOf(crossings: readonly Crossing[]): Basis {
  return crossings.find((crossing) => crossing.basis !== 'programmed')?.basis ?? 'programmed';
}

/** That the node's rules, which see the frame with br_netfilter, leave it alone. */
function passedRules(place: BridgePlace, crossings: readonly Crossing[]): readonly Step[] {
  const steps = crossings.flatMap((one) => one.steps.filter((step) => step.kind === 'rule'));
  const evidence = steps.flatMap((step) => step.evidence);
  const assumptions = [...new Set(steps.flatMap((step) => step.assumptions ?? []))];
  const text = `the rules of node ${place.node}, where they see the frame, let it pass unchanged`;
  return [{ kind: 'rule', action: 'passed', text, evidence, ...(assumptions.length === 0 ? {} : { assumptions }) }];
}

function unchanged(crossing: Crossing, flow: Flow): boolean {
  const { destination, destinationPort, source } = crossing.flow;
  const same = destination === flow.destination && destinationPort === flow.destinationPort && source === flow.source;
  return same && (crossing.verdict === 'forward' || crossing.verdict === 'local');
}

function bridgeEnd(state: WalkState, place: BridgePlace, crossing: Crossing): Move {
  const at = `At bridge ${place.bridge} of node ${place.node}, `;
  if (crossing.verdict === 'drop') {
    return end(state, {
      disposition: 'dropped',
      detail: 'timeout',
      reason: at + (crossing.reason ?? 'a rule drops the frame.'),
    });
  }
  if (crossing.verdict === 'reject') {
    const reason = at + (crossing.reason ?? 'a rule rejects the frame.');
    return end(state, { disposition: 'refused', detail: crossing.detail, reason });
  }
  if (crossing.verdict === 'undetermined') {
    const unknown = crossing.unknown ?? { reason: 'a rule could not be evaluated', evidence: [] };
    return end(state, { disposition: 'undetermined', reason: `${at}${crossing.reason ?? unknown.reason}`, unknown });
  }
  const reason = `${at}rules translate a bridged packet, and where it goes then was not evaluated.`;
  return end(state, { disposition: 'undetermined', reason, unknown: { reason, evidence: [] } });
}

function unknownBridge(state: WalkState, place: BridgePlace): Move {
  const text = `the rules of node ${place.node} would change this packet, but whether frames on ${place.bridge} pass them depends on net.bridge.bridge-nf-call-iptables, which was not captured`;
  const step: Step = { kind: 'link', action: 'unknown', text, evidence: [] };
  const next = withHop(state, hop('node', place.node, 'bridge', 'programmed', [place.link, step]));
  return end(next, { disposition: 'undetermined', reason: `${text}.`, unknown: { reason: text, evidence: [] } });
}
