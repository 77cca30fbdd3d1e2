import type { HopKind } from '../../model/explanation.ts';
import type { Owner, Visit } from '../../model/trace.ts';
import { ownerName, ownerText } from '../sentences/names.ts';
import type { World } from '../world/world.ts';
import { cross } from './crossing.ts';
import { leaveNode } from './leave-node.ts';
import { leavePod } from './leave-pod.ts';
import { refusalBack } from './way-back.ts';
import { branched, end, hop, on, withHop, type Crossing, type End, type Move, type WalkState } from './state.ts';

/** What a place's function gives back. */
export interface Moved {
  readonly moves: readonly Move[];
  readonly visits: readonly Visit[];
}

const NOTHING: Moved = { moves: [], visits: [] };

/** A packet meets a network namespace: sent by one of its processes, or come in from the wire. */
export function moveThrough(world: World, state: WalkState, owner: Owner, from: 'wire' | 'process'): Moved {
  if (state.flow === null) return NOTHING;
  const { crossings, visit } = cross(world, owner, state.flow, from);
  const visits: Visit[] = [visit];
  const moves = crossings.flatMap((crossing) => {
    const next = branched(state, crossing);
    if (next === undefined) return [];
    const byError = crossing.detail !== 'tcp-reset';
    const lost = crossing.verdict === 'reject' ? refusalBack(world, next, crossing.flow, owner, byError) : null;
    if (lost !== null) visits.push(lost.visit);
    return follow(world, next, owner, crossing, lost?.end ?? null);
  });
  return { moves, visits };
}

/** @param lost how a rejected packet ends whose client does not hear of it */
function follow(world: World, state: WalkState, owner: Owner, crossing: Crossing, lost: End | null): readonly Move[] {
  const kind: HopKind = owner.kind;
  const hopped = withHop(state, hop(kind, ownerName(owner), null, crossing.basis, crossing.steps));
  const before = state.flow;
  if (before === null) return [];
  const passage = {
    owner,
    before,
    after: crossing.flow,
    inDevice: before.inInterface,
    outDevice: crossing.verdict === 'local' ? null : crossing.device,
  };
  const next: WalkState = { ...hopped, flow: crossing.flow, passages: [...state.passages, passage] };
  switch (crossing.verdict) {
    case 'local':
      return [on(next, { place: { kind: 'socket', owner } })];
    case 'forward':
      return owner.kind === 'pod' ? leavePod(world, next, owner, crossing) : leaveNode(world, next, owner, crossing);
    default:
      return [end(next, lost ?? ending(owner, crossing))];
  }
}

function ending(owner: Owner, crossing: Crossing): End {
  const reason = `At ${ownerText(owner)}, ${crossing.reason ?? 'the packet ends.'}`;
  switch (crossing.verdict) {
    case 'drop':
      return { disposition: 'dropped', detail: crossing.detail, reason };
    case 'reject':
      return { disposition: 'refused', detail: crossing.detail, reason };
    case 'unroutable':
      return { disposition: crossing.detail === 'timeout' ? 'dropped' : 'unroutable', detail: crossing.detail, reason };
    default:
      return {
        disposition: 'undetermined',
        reason,
        ...(crossing.unknown === undefined ? {} : { unknown: crossing.unknown }),
      };
  }
}
