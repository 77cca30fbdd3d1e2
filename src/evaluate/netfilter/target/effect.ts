import type { TraversalOutcome } from '../../../model/netfilter.ts';
import type { Effect } from '../state.ts';

export type SourceNat = NonNullable<TraversalOutcome['sourceNat']>;

export function cannotTell(reason: string): Effect {
  return { kind: 'unknown', reason };
}
