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
  /** Sets and maps; undefined: not understood. */
  readonly sets = new Map<string, () => SetDeclaration | undefined>();
  /** Named limits and quotas, as libnftables-json(5) has them, by kind and name. */
  readonly objects = new Map<string, () => unknown>();
  /** Sets that rules of the table change. */
  readonly updated = new Set<string>();

  private readonly chains = new Map<string, (RuleSource | number)[]>();
  private readonly openRule: (at: number) => RuleSource;

  /** @param openRule makes a rule that was added by number */
  constructor(family: NftFamily | 'unknown', name: string, openRule: (at: number) => RuleSource) {
    this.family = family;
    this.name = name;
    this.openRule = openRule;
  }

  addChain(name: string): void {
    if (!this.chains.has(name)) this.chains.set(name, []);
  }

  /** @param rule itself, or a number by which `openRule` makes it when somebody asks for the chain */
  addRule(chain: string, rule: RuleSource | number): void {
    const rules = this.chains.get(chain);
    if (rules === undefined) this.chains.set(chain, [rule]);
    else rules.push(rule);
  }

  /** The rules of a chain, in order; undefined: there is no such chain. */
  rulesOf(chain: string): readonly RuleSource[] | undefined {
    const { openRule } = this;
    return this.chains.get(chain)?.map((rule) => (typeof rule === 'number' ? openRule(rule) : rule));
  }

  hasRules(chain: string): boolean {
    return (this.chains.get(chain)?.length ?? 0) > 0;
  }

  updates(set: string): void {
    this.updated.add(set);
  }
}
