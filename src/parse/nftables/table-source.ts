import type { Evidence } from '../../model/evidence.ts';
import type { NftFamily } from '../../model/nftables.ts';

/** A rule before it is understood. */
export interface RuleSource {
  cite(): Evidence;
  /** Its statements as libnftables-json(5) has them. */
  statements(): readonly unknown[];
}

/** A set or map that has a name, before its elements are understood. */
export interface SetDeclaration {
  readonly types: readonly string[];
  /** Types of a map's data; null for a set. */
  readonly data: readonly string[] | null;
  readonly dynamic: boolean;
  readonly timeoutSeconds: number | null;
  /** The elements as libnftables-json(5) has them. */
  readonly elements: () => readonly unknown[];
}

/** What was found in one table. */
export class TableSource {
  readonly family: NftFamily | 'unknown';
  readonly name: string;
  dormant = false;
  readonly chains = new Map<string, RuleSource[]>();
  /** Sets and maps; undefined: not understood. */
  readonly sets = new Map<string, () => SetDeclaration | undefined>();
  /** Named limits and quotas, as libnftables-json(5) has them, by kind and name. */
  readonly objects = new Map<string, () => unknown>();
  /** Sets that rules of the table change. */
  readonly updated = new Set<string>();

  constructor(family: NftFamily | 'unknown', name: string) {
    this.family = family;
    this.name = name;
  }

  addChain(name: string): void {
    if (!this.chains.has(name)) this.chains.set(name, []);
  }

  addRule(chain: string, rule: RuleSource): void {
    const rules = this.chains.get(chain);
    if (rules === undefined) this.chains.set(chain, [rule]);
    else rules.push(rule);
  }

  updates(set: string): void {
    this.updated.add(set);
  }
}
