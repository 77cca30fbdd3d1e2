import type { TraversalOutcome } from '../../../model/netfilter.ts';
import type { WalkState } from '../state.ts';

/** What a target makes of a packet that its rule matched. */
export type Effect =
  /** The next rule, with a packet that may be changed. */
  | { readonly kind: 'next'; readonly state: WalkState }
  /** The chain ends and the packet goes on to the next stage: one branch for each way. */
  | { readonly kind: 'accept'; readonly states: readonly WalkState[] }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  | { readonly kind: 'jump'; readonly chain: string; readonly goto: boolean }
  | { readonly kind: 'return' }
  /** One clause: why nobody can tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

export type SourceNat = NonNullable<TraversalOutcome['sourceNat']>;

export function cannotTell(reason: string): Effect {
  return { kind: 'unknown', reason };
}
