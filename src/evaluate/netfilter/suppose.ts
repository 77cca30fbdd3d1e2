import type { Condition } from '../../model/branching.ts';
import { append, findLast } from './list.ts';
import { change, type WalkState } from './state.ts';

/** The state with a condition; null when the branch supposed otherwise before. */
export function suppose(state: WalkState, condition: Condition): WalkState | null {
  const before = findLast(state.conditions, (one) => one.key === condition.key);
  if (before === undefined) return change(state, { conditions: append(state.conditions, condition) });
  return before.value === condition.value ? state : null;
}
