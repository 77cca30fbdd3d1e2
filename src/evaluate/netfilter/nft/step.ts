import type { WalkState } from '../state.ts';
import type { Effect } from '../state.ts';

/** What one statement does with the packet. */
export type Step =
  /** The next statement is asked. */
  | { readonly kind: 'on'; readonly state: WalkState }
  /** The rule does not match (NFT_BREAK). */
  | { readonly kind: 'break'; readonly state: WalkState }
  /** Nobody can tell which of the two. */
  | { readonly kind: 'open'; readonly state: WalkState; readonly reason: string }
  | { readonly kind: 'end'; readonly state: WalkState; readonly effect: Effect; readonly action: string };
