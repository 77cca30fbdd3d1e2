import type { ConditionSubject } from '../../../model/branching.ts';
import { suppose } from '../suppose.ts';
import { change, type WalkState } from '../state.ts';
import type { Choice } from './value.ts';

/** Numbers that lead to one and the same thing. */
export interface Span<T> {
  readonly from: number;
  readonly to: number;
  readonly item: T;
}

const RANDOM_BITS = 32n;
const RANDOM_RANGE = 2 ** 32;

/**
 * The branches of a choice: one for each span that it may fall into, and one for everything between them (null).
 * @param key identity of the open question, for what is no chance
 */
export function distribute<T>(
  choice: Choice,
  spans: readonly Span<T>[],
  state: WalkState,
  key: string,
): readonly { readonly state: WalkState; readonly item: T | null }[] {
  const last = choice.offset + choice.modulus - 1;
  const hit = spans
    .map((span) => ({ ...span, from: Math.max(span.from, choice.offset), to: Math.min(span.to, last) }))
    .filter(({ from, to }) => from <= to);
  const covered = hit.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const [first] = hit;
  if (first === undefined) return [{ state, item: null }];
  if (hit.length === 1 && covered === choice.modulus) return [{ state, item: first.item }];
  return choice.by === 'random' ? byChance(choice, hit, covered, state) : byCondition(choice, hit, covered, state, key);
}

/** Source: net/netfilter/nft_numgen.c nft_ng_random_gen: `random * modulus / 2^32`. */
function byChance<T>(choice: Choice, hit: readonly Span<T>[], covered: number, state: WalkState) {
  const modulus = BigInt(choice.modulus);
  const bound = (value: number): bigint => ((BigInt(value - choice.offset) << RANDOM_BITS) + modulus - 1n) / modulus;
  const branches: { readonly state: WalkState; readonly item: T | null }[] = [];
  let left = 1;
  for (const { from, to, item } of hit) {
    const share = Number(bound(to + 1) - bound(from)) / RANDOM_RANGE;
    left -= share;
    branches.push({ state: change(state, { probability: state.probability * share }), item });
  }
  if (covered < choice.modulus) {
    branches.push({ state: change(state, { probability: state.probability * Math.max(0, left) }), item: null });
  }
  return branches;
}

function byCondition<T>(choice: Choice, hit: readonly Span<T>[], covered: number, state: WalkState, key: string) {
  const subject: ConditionSubject = { kind: 'number', source: choice.text };
  const branches: { readonly state: WalkState; readonly item: T | null }[] = [];
  for (const { from, to, item } of hit) {
    const next = suppose(state, { key, value: from === to ? `${from}` : `${from}-${to}`, subject });
    if (next !== null) branches.push({ state: next, item });
  }
  const other = covered < choice.modulus ? suppose(state, { key, value: 'another', subject }) : null;
  if (other !== null) branches.push({ state: other, item: null });
  return branches;
}
