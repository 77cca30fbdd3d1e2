import type { NftDatum } from '../../../model/nftables.ts';

/** What an expression gives for a packet. */
export type Value =
  | { readonly kind: 'known'; readonly datum: NftDatum }
  /** A port that somebody's kernel chose. */
  | { readonly kind: 'within'; readonly from: number; readonly to: number }
  /** Flags of which those in `known` are. */
  | { readonly kind: 'bits'; readonly bits: number; readonly known: number }
  | { readonly kind: 'parts'; readonly parts: readonly Value[] }
  /** From a translation: any of these. */
  | { readonly kind: 'span'; readonly from: NftDatum; readonly to: NftDatum }
  | { readonly kind: 'choice'; readonly choice: Choice }
  /** The packet has none, and the rule does not match, whatever it asks (NFT_BREAK). */
  | { readonly kind: 'none' }
  /** One clause: why nobody can tell. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A number that something else than the packet's own fields picks: `offset` to `offset + modulus - 1`. */
export interface Choice {
  /** `random`: even chances; `turn`: round robin; `hash`: the same for the same packet. */
  readonly by: 'random' | 'turn' | 'hash';
  /** As a person would write it: `numgen inc mod 3`. */
  readonly text: string;
  /** Tells it from others of its rule. */
  readonly id: string;
  readonly modulus: number;
  readonly offset: number;
}

export const NONE: Value = { kind: 'none' };

export function known(datum: NftDatum): Value {
  return { kind: 'known', datum };
}

export function unknownValue(reason: string): Value {
  return { kind: 'unknown', reason };
}
