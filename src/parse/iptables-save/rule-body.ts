import type { Match, Target } from '../../model/iptables-rule.ts';

/** What a rule tests and does, and clauses for what was not understood. */
export interface RuleBody {
  readonly matches: readonly Match[];
  readonly target: Target | null;
  readonly problems: readonly string[];
}
