import type { Child, Node } from './json-tree.ts';
import { bareName } from './names-of-secrets.ts';

/** What is done with the texts below a value. */
export type Regime =
  /** each is judged by itself */
  | 'open'
  /** each is a secret */
  | 'hidden'
  /** each is what somebody set: hidden, unless it is `true` or a number */
  | 'settings'
  /** the pattern of a matcher, whose text is a secret */
  | 'pattern';

/** Where a value stands in a document: the way down to it, with the containers on that way. */
export interface Place {
  /** The member's key; of an element, the key of its array. */
  readonly key: string;
  /** The key without separators, in lower case. */
  readonly bare: string;
  /** Position in the array; -1 for a member. */
  readonly index: number;
  readonly up: Place | null;
  /** The container that the value stands in; null at the root. */
  readonly container: Node | null;
  readonly regime: Regime;
}

export function rootPlace(): Place {
  return { key: '', bare: '', index: -1, up: null, container: null, regime: 'open' };
}

/** Bare names of keys: the same few hundred come again and again. */
const BARE = new Map<string, string>();
const BARE_LIMIT = 20_000;

function bareKey(key: string): string {
  let bare = BARE.get(key);
  if (bare === undefined) {
    if (BARE.size >= BARE_LIMIT) BARE.clear();
    bare = bareName(key);
    BARE.set(key, bare);
  }
  return bare;
}

/** The place of a child, under the regime of its parent. */
export function placeBelow(up: Place, parent: Node, child: Child, index: number): Place {
  const { regime } = up;
  if (parent.kind === 'object') {
    return { key: child.key, bare: bareKey(child.key), index: -1, up, container: parent, regime };
  }
  return { key: up.key, bare: up.bare, index, up, container: parent, regime };
}

/** The member of an object, by its bare name. */
export function member(node: Node | null, bare: string): Node | undefined {
  if (node?.kind !== 'object') return undefined;
  return node.children.find((child) => bareKey(child.key) === bare)?.node;
}

/** The texts of all members of an object with one of these bare names, equal keys included. */
export function memberTexts(node: Node | null, bares: readonly string[]): string[] {
  if (node?.kind !== 'object') return [];
  return node.children.flatMap((child) =>
    child.node.kind === 'string' && bares.includes(bareKey(child.key)) ? [child.node.text] : [],
  );
}
