import type { Unknown } from './branching.ts';
import type { Evidence } from './evidence.ts';

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev';

/** A value as registers hold it: numbers of up to 32 bits, wider ones as bigint, names as text. Marks and addresses are unsigned. */
export type NftDatum = number | bigint | string;

/**
 * What one part of a key, or the right side of a comparison, stands for: values from `from` to `to`, both included; names that
 * begin with `prefix`; or anything.
 */
export type NftPattern =
  | { readonly kind: 'range'; readonly from: NftDatum; readonly to: NftDatum }
  | { readonly kind: 'name-prefix'; readonly prefix: string }
  | { readonly kind: 'any' };

/** Selectors whose value depends on more than an expression can tell (`ct`, `meta`, `payload` …), by nft's own names. */
export type NftExpression =
  | { readonly kind: 'constant'; readonly value: NftDatum }
  /** A span of values, where a translation may take one. */
  | { readonly kind: 'span'; readonly from: NftDatum; readonly to: NftDatum }
  | { readonly kind: 'payload'; readonly protocol: string; readonly field: string }
  | { readonly kind: 'meta'; readonly key: string }
  | { readonly kind: 'ct'; readonly key: string; readonly direction: 'original' | 'reply' | null }
  | { readonly kind: 'fib'; readonly result: string; readonly flags: readonly string[] }
  | { readonly kind: 'numgen'; readonly mode: 'random' | 'inc'; readonly modulus: number; readonly offset: number }
  /** `jhash` and `symhash`: one of `modulus` values, fixed by the packet. */
  | {
      readonly kind: 'hash';
      readonly name: string;
      /** What is hashed, and how: the same text gives the same number for a packet. */
      readonly of: string;
      readonly modulus: number;
      readonly offset: number;
    }
  | {
      readonly kind: 'binary';
      readonly operator: '&' | '|' | '^' | '<<' | '>>';
      readonly left: NftExpression;
      readonly right: NftExpression;
    }
  | { readonly kind: 'concat'; readonly parts: readonly NftExpression[] }
  | { readonly kind: 'map'; readonly key: NftExpression; readonly data: NftSetReference }
  /** Not understood, or its value is in no flow; `reason` is one clause. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A set or map by name, or one that stands in the rule. */
export type NftSetReference =
  { readonly kind: 'named'; readonly name: string } | { readonly kind: 'anonymous'; readonly set: NftSet };

export type NftVerdict =
  | { readonly kind: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'queue' };

/** One element: a pattern for each part of the key, and what a map has for it. */
export interface NftElement {
  readonly key: readonly NftPattern[];
  readonly verdict?: NftVerdict;
  readonly data?: NftExpression;
}

/** A set, map or verdict map. Elements are understood when somebody looks something up. */
export interface NftSet {
  /** null: it stands in a rule. */
  readonly name: string | null;
  /** nft's names of the types of the key's parts. */
  readonly types: readonly string[];
  /** Whether packets change it (`dynamic`, `timeout`, or a rule updates it), so that the dump does not tell what it holds. */
  readonly dynamic: boolean;
  /** Seconds that elements stay; null: for ever, or as the rule that adds them says. */
  readonly timeoutSeconds: number | null;
  readonly isMap: boolean;
  readonly elements: readonly NftElement[];
  /** At least every element that stands for the key. */
  candidates(key: readonly NftDatum[]): readonly NftElement[];
  /** Why elements may be missing or were not understood; undefined: all of them are here. */
  readonly incomplete: Unknown | undefined;
}

/** The right side of a comparison. */
export type NftOperand =
  /** One pattern for each part of the key. */
  | { readonly kind: 'patterns'; readonly patterns: readonly NftPattern[] }
  | { readonly kind: 'flags'; readonly bits: number }
  | { readonly kind: 'set'; readonly set: NftSetReference }
  | { readonly kind: 'unknown'; readonly reason: string };

export type NftOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | 'in' | '!';

/** Where a translation sends to; null parts are kept, or chosen by the kernel. */
export interface NftTranslation {
  readonly kind: 'nat';
  readonly translation: 'dnat' | 'snat' | 'masquerade' | 'redirect';
  /** The family that it is for, in a table of both; null: any. */
  readonly family: 4 | 6 | null;
  /** An address, a span of them, or a map of addresses and ports. */
  readonly address: NftExpression | null;
  readonly port: NftExpression | null;
  /** `prefix to`: keeps the host part of the address. */
  readonly prefix: boolean;
  readonly random: boolean;
  readonly fullyRandom: boolean;
  readonly persistent: boolean;
}

export type NftStatement =
  | {
      readonly kind: 'match';
      readonly operator: NftOperator;
      readonly left: NftExpression;
      readonly right: NftOperand;
    }
  | { readonly kind: 'vmap'; readonly key: NftExpression; readonly data: NftSetReference }
  | { readonly kind: 'verdict'; readonly verdict: NftVerdict }
  /** `meta mark set`, `ct mark set`. */
  | { readonly kind: 'set-mark'; readonly mark: 'packet' | 'connection'; readonly value: NftExpression }
  | NftTranslation
  /** `with`: `icmp-port-unreachable`, `tcp-reset` … as iptables names them, for both families where they differ. */
  | { readonly kind: 'reject'; readonly with: Readonly<Record<4 | 6, string | null>>; readonly tcpOnly: boolean }
  | { readonly kind: 'notrack' }
  /** Matches while its bucket, quota or count is not used up (`over`: when it is); `text` is how a person would write it. */
  | { readonly kind: 'limit'; readonly text: string; readonly over: boolean }
  /** `update @set { key }`, `add @set`, `delete @set`; */
  | {
      readonly kind: 'update';
      readonly operation: 'add' | 'update' | 'delete';
      readonly set: string;
      readonly key: NftExpression;
    }
  /** Writes the type of service or the flow label, which no rule sees, and by which packets that are made here are routed anew. */
  | { readonly kind: 'set-service'; readonly name: string }
  /** Neither tests the packet nor changes what rules can see of it: `counter`, `log` … */
  | { readonly kind: 'pass'; readonly name: string }
  /** Not understood: it may match or not, and may do anything; `reason` is one clause. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** One rule. */
export interface NftRule {
  /** Family and name of its table: `ip kube-proxy`. */
  readonly table: string;
  readonly chain: string;
  /** As it stands: a line of text, or the JSON object. */
  readonly raw: string;
  readonly evidence: Evidence;
  readonly statements: readonly NftStatement[];
}

/** A chain that hangs on a hook. */
export interface NftBaseChain {
  readonly family: NftFamily | 'unknown';
  readonly table: string;
  readonly chain: string;
  /** `filter`, `nat`, `route`. */
  readonly type: string;
  /** `prerouting`, `input`, `forward`, `output`, `postrouting`, `ingress`, `egress`. */
  readonly hook: string;
  /** null: a name that this tool does not know. */
  readonly priority: number | null;
  readonly policy: 'accept' | 'drop';
  /** Whether it lets every packet pass: no rule of its own (so no jump either), and policy accept. */
  readonly empty: boolean;
  /** The line, or the object, that says so. */
  readonly evidence: Evidence;
}

/** A table: rules of a chain are understood when a packet comes to it. */
export interface NftTable {
  readonly family: NftFamily | 'unknown';
  readonly name: string;
  /** `dormant`: none of its chains hangs anywhere. */
  readonly dormant: boolean;
  /** Rules of a chain, in order; undefined: there is no such chain. */
  rules(chain: string): readonly NftRule[] | undefined;
  set(name: string): NftSet | undefined;
  /** How a named limit or quota reads; undefined: there is none. */
  object(kind: 'limit' | 'quota', name: string): { readonly text: string; readonly over: boolean } | undefined;
}

/** `nft list ruleset`, as text or JSON. */
export interface NftRuleset {
  readonly artefact: string;
  readonly tables: readonly NftTable[];
  readonly baseChains: readonly NftBaseChain[];
  /** Whether one of its rules may have the kernel track connections, as `ct` and translations do; false: none does. */
  tracks(): boolean;
  /** Why chains or rules may be missing; undefined: all of them are here. */
  readonly incomplete: Unknown | undefined;
}
