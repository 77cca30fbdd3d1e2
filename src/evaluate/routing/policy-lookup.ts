/**
 * Takes a flow through the routing policy database: fib_rules_lookup (net/core/fib_rules.c).
 *
 * In: the rules of a namespace, a flow, and a function that looks one table up. Out: what the first rule that decides says. A
 * rule of which nobody can tell whether it matches leaves the answer open only if the answer would differ.
 */
import { maskLength, parsePrefix } from '../../model/address.ts';
import type { RoutingRule } from '../../model/network-namespace.ts';
import { because, sameResult, type FibResult } from './fib-result.ts';
import type { LookupFlow } from './lookup-flow.ts';
import type { RoutingTables } from './routing-tables.ts';
import { matchRoutingRule } from './rule-match.ts';

/** Looks a table up; undefined: nothing matches, or a `throw` route says to go on with the next rule. */
export type TableLookup = (table: string) => FibResult | undefined;

const NOTHING: FibResult = { kind: 'no-route', evidence: [] };

/** Walks the rules. */
export function lookupByPolicy(
  tables: RoutingTables,
  rules: readonly RoutingRule[],
  flow: LookupFlow,
  look: TableLookup,
): FibResult {
  // A jump leads forward only (fib_nl_newrule refuses others), so the results can be made from the last rule to the first.
  const results: FibResult[] = [];
  results[rules.length] = NOTHING;
  for (let at = rules.length - 1; at >= 0; at--) {
    const rule = rules[at];
    const next = results[at + 1] ?? NOTHING;
    if (rule === undefined) continue;
    const matches = matchRoutingRule(tables, rule, flow);
    if (matches === false) {
      results[at] = next;
      continue;
    }
    const taken = act(rules, at, rule, next, results, look);
    results[at] = matches === true || sameResult(taken, next) ? taken : openMatch(rule);
  }
  return results[0] ?? NOTHING;
}

function openMatch(rule: RoutingRule): FibResult {
  const members = rule.notUnderstood.length === 0 ? '' : ` (${rule.notUnderstood.join(', ')})`;
  const reason = `whether routing rule ${rule.priority} matches is not known${members}`;
  return { kind: 'unknown', reason, evidence: [rule.evidence] };
}

function act(
  rules: readonly RoutingRule[],
  at: number,
  rule: RoutingRule,
  next: FibResult,
  results: readonly FibResult[],
  look: TableLookup,
): FibResult {
  switch (rule.action) {
    case 'nop':
      return next;
    case 'goto': {
      const target = rules.findIndex((other, index) => index > at && other.priority === rule.gotoPriority);
      // Without its target the rule is passed over (fib_rules_lookup, `unresolved`).
      return target < 0 ? next : (results[target] ?? next);
    }
    case 'unreachable':
    case 'prohibit':
    case 'blackhole':
      return { kind: rule.action, evidence: [rule.evidence] };
    case 'unknown':
      return {
        kind: 'unknown',
        reason: `the action of routing rule ${rule.priority} is not understood`,
        evidence: [rule.evidence],
      };
    case 'lookup': {
      if (rule.table === null) return openMatch(rule);
      const found = look(rule.table);
      if (found === undefined) return next;
      const suppressed = isSuppressed(rule, found);
      if (suppressed === undefined) {
        const reason = `routing rule ${rule.priority} suppresses by interface group, which was not captured`;
        return sameResult(found, next)
          ? because(found, [rule.evidence])
          : { kind: 'unknown', reason, evidence: [rule.evidence] };
      }
      return suppressed ? next : because(found, [rule.evidence]);
    }
  }
}

/** fib4_rule_suppress (net/ipv4/fib_rules.c), fib6_rule_suppress (net/ipv6/fib6_rules.c); errors are never suppressed in IPv4. */
function isSuppressed(rule: RoutingRule, found: FibResult): boolean | undefined {
  if (found.kind !== 'route') return false;
  const prefix = parsePrefix(found.route.destination);
  const length = prefix === undefined ? 0 : (maskLength(prefix) ?? 0);
  if (rule.suppressPrefixLength !== null && length <= rule.suppressPrefixLength) return true;
  return rule.suppressInterfaceGroup === null ? false : undefined;
}
