import type { Unknown } from '../../../model/branching.ts';
import type { Evidence } from '../../../model/evidence.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import type { NftRule, NftRuleset, NftTable } from '../../../model/nftables.ts';
import { MISS, type ChainRules, type RuleTable, type Way } from '../state.ts';
import type { WalkState } from '../state.ts';
import { evaluateRule } from './evaluate-rule.ts';

/** A table of an nftables ruleset. */
export class NftTableRules implements RuleTable {
  readonly table: NftTable;
  private readonly ruleset: NftRuleset;

  constructor(ruleset: NftRuleset, table: NftTable) {
    this.table = table;
    this.ruleset = ruleset;
  }

  chain(name: string): ChainRules | undefined {
    const rules = this.table.rules(name);
    return rules === undefined ? undefined : new NftChainRules(this.table, rules);
  }

  /** The rules of a base chain, of which some may have none. */
  all(name: string): ChainRules {
    return new NftChainRules(this.table, this.table.rules(name) ?? []);
  }

  incomplete(): Unknown | undefined {
    return this.ruleset.incomplete;
  }
}

class NftChainRules implements ChainRules {
  readonly count: number;
  private readonly table: NftTable;
  private readonly rules: readonly NftRule[];

  constructor(table: NftTable, rules: readonly NftRule[]) {
    this.count = rules.length;
    this.table = table;
    this.rules = rules;
  }

  rule(index: number): NftRule {
    const rule = this.rules[index];
    if (rule === undefined) throw new RangeError(`there is no rule ${index}`);
    return rule;
  }

  evidence(index: number): Evidence {
    return this.rule(index).evidence;
  }

  ways(index: number, state: WalkState, environment: NetfilterEnvironment): readonly Way[] | typeof MISS {
    const rule = this.rule(index);
    const ways = evaluateRule({ rule, table: this.table, environment }, state);
    const [first] = ways;
    return ways.length === 1 && first?.kind === 'pass' && first.state === state ? MISS : ways;
  }
}
