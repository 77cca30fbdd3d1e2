import type { Target } from '../../../model/iptables-rule.ts';
import { changeFlow, changeTracking } from '../flow-change.ts';
import { change, hasEntry, type WalkState } from '../state.ts';

/** `mark = (mark & ~mask) ^ value`. Source: net/netfilter/xt_mark.c mark_tg. */
export function applyMark(target: { readonly value: number; readonly mask: number }, state: WalkState): WalkState {
  const mark = ((state.flow.mark & ~target.mask) ^ target.value) >>> 0;
  return mark === state.flow.mark ? state : change(state, { flow: changeFlow(state.flow, { mark }) });
}

/** Does nothing to a packet without an entry. Source: net/netfilter/xt_connmark.c connmark_tg_shift. */
export function applyConnmark(target: Extract<Target, { kind: 'connmark' }>, state: WalkState): WalkState {
  if (!hasEntry(state)) return state;
  const { flow } = state;
  const { tracking } = flow;
  if (target.mode === 'restore') {
    const bits = shifted(tracking.mark & target.connectionMask, target.shift);
    const mark = ((flow.mark & ~target.packetMask) ^ bits) >>> 0;
    return mark === flow.mark ? state : change(state, { flow: changeFlow(flow, { mark }) });
  }
  const bits = target.mode === 'save' ? shifted(flow.mark & target.packetMask, target.shift) : target.value;
  const marked = ((tracking.mark & ~target.connectionMask) ^ bits) >>> 0;
  const mark = target.mode === 'save' ? marked : shifted(marked, target.shift);
  if (mark === tracking.mark) return state;
  return change(state, { flow: changeFlow(flow, { tracking: changeTracking(tracking, { mark }) }) });
}

function shifted(value: number, shift: number): number {
  return (shift >= 0 ? value << shift : value >>> -shift) >>> 0;
}
