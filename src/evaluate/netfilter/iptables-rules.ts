import type { Unknown } from '../../model/branching.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { PrefixTest } from '../../model/iptables-rule.ts';
import type {
  IptablesChain,
  IptablesRule,
  IptablesRuleset,
  IptablesTable,
  NetfilterEnvironment,
} from '../../model/netfilter.ts';
import { MISS, withState, type BaseChain, type Case, type ChainRules, type RuleTable, type Way } from './state.ts';
import { testRule, type Tested } from './rule-test.ts';
import { destinationTests } from './destination-tests.ts';
import type { RuleContext, WalkState } from './state.ts';
import { applyTarget, targetName } from './target/target.ts';

/** A table of an iptables ruleset. */
export class IptablesRules implements RuleTable {
  private readonly ruleset: IptablesRuleset;
  private readonly table: IptablesTable;

  constructor(ruleset: IptablesRuleset, table: IptablesTable) {
    this.ruleset = ruleset;
    this.table = table;
  }

  chain(name: string, state: WalkState): ChainRules | undefined {
    const chain = this.ruleset.chain(this.table, name);
    return chain === undefined ? undefined : this.candidates(chain, state);
  }

  /** The built-in chain of a hook; undefined when the ruleset has none. */
  base(name: string): BaseChain | undefined {
    const chain = this.ruleset.chain(this.table, name);
    if (chain === undefined) return undefined;
    return {
      table: this,
      name,
      rules: (state) => this.candidates(chain, state),
      policy: chain.policy === 'DROP' ? 'drop' : 'accept',
      get evidence() {
        return chain.evidence;
      },
      reroutes: this.table === 'mangle',
    };
  }

  /** Whether a built-in chain holds a rule, or a policy other than ACCEPT, or may lack some. */
  speaks(name: string): boolean {
    if (this.incomplete() !== undefined) return true;
    const chain = this.ruleset.chain(this.table, name);
    if (chain === undefined) return false;
    const [first] = chain.rules();
    return first !== undefined || chain.policy === 'DROP';
  }

  private candidates(chain: IptablesChain, state: WalkState): ChainRules {
    return new Candidates(this.ruleset, this.table, chain, chain.candidates(state.flow.destination));
  }

  incomplete(): Unknown | undefined {
    return this.ruleset.incomplete(this.table);
  }
}

class Candidates implements ChainRules {
  readonly count: number;
  private readonly ruleset: IptablesRuleset;
  private readonly table: IptablesTable;
  private readonly chain: IptablesChain;
  private readonly rules: readonly IptablesRule[];

  constructor(ruleset: IptablesRuleset, table: IptablesTable, chain: IptablesChain, rules: readonly IptablesRule[]) {
    this.count = rules.length;
    this.ruleset = ruleset;
    this.table = table;
    this.chain = chain;
    this.rules = rules;
  }

  meetsAlike(destination: string): boolean {
    const others = this.chain.candidates(destination);
    if (others === this.rules) return true;
    return others.length === this.count && others.every((rule, index) => rule === this.rules[index]);
  }

  destinationTests(index: number): readonly PrefixTest[] | undefined {
    return destinationTests(this.rule(index));
  }

  rule(index: number): IptablesRule {
    const rule = this.rules[index];
    if (rule === undefined) throw new RangeError(`there is no rule ${index}`);
    return rule;
  }

  evidence(index: number): Evidence {
    const { line, raw } = this.rule(index);
    return { artefact: this.ruleset.artefact, line, raw };
  }

  ways(index: number, state: WalkState, environment: NetfilterEnvironment): readonly Way[] | typeof MISS {
    const rule = this.rule(index);
    const context: RuleContext = { state, rule, ruleset: this.ruleset, table: this.table, environment };
    const tested = testRule(context);
    if (tested === MISS) return MISS;
    return tested.map((way) => wayOf(way, context));
  }
}

function wayOf({ matches, state, reason = '', split }: Tested, context: RuleContext): Way {
  if (matches === 'no') return { kind: 'pass', state };
  const { target } = context.rule;
  const effect = applyTarget(target, state === context.state ? context : withState(context, state));
  const match: Way = { kind: 'match', state, effect, action: targetName(target) };
  if (matches === 'yes') return match;
  const cases =
    split &&
    ((): readonly Case[] => split().map(({ entered, tested }) => ({ entered, ways: [wayOf(tested, context)] })));
  return { kind: 'open', before: state, ways: [match], reason, split: cases };
}
