import type { Question } from '../../model/question.ts';
import type { World } from '../world/world.ts';
import { deviceTowards } from '../world/netns.ts';
import { branched, end, on, type Move, type WalkState } from './state.ts';

/**
 * The nodes at which a packet from outside may arrive: the one that the question names, else the one that owns the
 * destination, else any (each under the condition that it is the one).
 */
export function entryNodes(world: World, question: Question, state: WalkState): Move[] {
  const view = world.home(question);
  const { flow } = state;
  if (flow === null) return [];
  const named = question.entryNode ?? view.nodeAt(flow.destination);
  const candidates = named === undefined ? view.nodes : [named];
  const moves = candidates.flatMap((node) => {
    const conditions =
      candidates.length === 1 ? [] : [{ key: 'entry-node', value: node, subject: { kind: 'entry-node' as const } }];
    const next = branched(state, { probability: 1, conditions });
    if (next === undefined) return [];
    const device = deviceTowards(world, { kind: 'node', cluster: view.name, node }, flow.source);
    return [on(next, { place: { kind: 'node', cluster: view.name, node, device }, passages: [] })];
  });
  if (moves.length > 0) return moves;
  const reason = `No node of the snapshot could take a packet from ${flow.source}: it holds no Node object and no node dump.`;
  return [end(state, { disposition: 'undetermined', reason, unknown: { reason, evidence: [] } })];
}
