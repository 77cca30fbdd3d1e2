/** Steps from one place of a walk to the next. */
import { append } from './list.ts';
import { change, type BaseChain, type Frame, type WalkState, type Way } from './state.ts';

/** The packet at the beginning of another hook. */
export function atHook(state: WalkState, hook: WalkState['hook']): WalkState {
  return change(state, { hook, stage: 0, frame: null });
}

/** On to the next stage of the hook. */
export function nextStage(state: WalkState): WalkState {
  return change(state, { stage: state.stage + 1, frame: null });
}

/** The same place in a chain, at another rule. */
export function atRule({ base, natIndex, entered, rules, caller, path, depth }: Frame, index: number): Frame {
  return { base, natIndex, entered, rules, index, caller, path, depth };
}

/** On to the next rule. */
export function advance(state: WalkState, frame: Frame): WalkState {
  return change(state, { frame: atRule(frame, frame.index + 1) });
}

/** Into a chain that hangs on a hook. */
export function enter(state: WalkState, base: BaseChain, natIndex: number): WalkState {
  const frame: Frame = {
    base,
    natIndex,
    entered: state.flow,
    rules: base.rules(state),
    index: 0,
    caller: null,
    path: append(null, base.name),
    depth: 0,
  };
  return change(state, { frame, serviceWritten: false });
}

/** Whether the packet goes on as if the rule were not there. */
export function changesNothing(way: Way, before: WalkState): boolean {
  if (way.kind === 'pass') return way.state === before;
  return way.kind === 'match' && way.effect.kind === 'next' && way.effect.state === before;
}
