import type { Unknown } from '../../model/branching.ts';
import type { Hook, HookEntry } from '../../model/netfilter.ts';
import type { BaseChain } from './state.ts';

/** A base chain, the hole where one may be, or a module's function, before the order of all is known. */
export interface Placed {
  readonly hook: Hook;
  readonly priority: number;
  readonly nat: boolean;
  readonly chain: BaseChain | { readonly missing: Unknown } | { readonly entry: HookEntry };
  /** Whether it may do anything to a packet. */
  readonly speaks: boolean;
  /** Whose it is: chains of one owner stand in an order that the dump tells. */
  readonly owner: object;
}
