import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { findAction } from '../match/matcher-tree.ts';
import type { ReadInput } from '../match/matcher-tree.ts';
import { enumName, field, typeName, unknown, unknownField } from '../proto-json.ts';
import { all, any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { matchPermission, matchPrincipal } from './rule-match.ts';
import type { RbacSubject } from './subject.ts';

/** What the rules say, and which policy decided. */
export interface RbacDecision {
  readonly allowed: boolean;
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  /** The first policy in the order of names that matches; null: none does; undefined: not known which. */
  readonly policy: { readonly name: string; readonly config: Cursor } | null | undefined;
  readonly rules: Cursor;
}

const KNOWN_RULES = new Set(['action', 'policies', 'audit_logging_options']);
const KNOWN_POLICY = new Set(['permissions', 'principals']);
const ACTIONS = ['ALLOW', 'DENY', 'LOG'] as const;

/**
 * Decides by an envoy.config.rbac.v3.RBAC (source/extensions/filters/common/rbac/engine_impl.cc): ALLOW lets pass what some policy
 * matches, DENY what none matches, LOG everything. Policies are tried in the order of their names.
 */
export function decideRbac(rules: Cursor, subject: RbacSubject): RbacDecision | Unknown {
  const beyond = unknownField(rules, KNOWN_RULES);
  if (beyond !== undefined) return beyond;
  const action = ACTIONS.find((name) => name === (enumName(field(rules, 'action'), ACTIONS) ?? 'ALLOW'));
  if (action === undefined) return unknown('the RBAC action is not understood', field(rules, 'action'));
  if (action === 'LOG') return { allowed: true, action, policy: null, rules };
  const matched = firstMatch(rules, subject);
  if (isUnknown(matched)) return matched;
  return { allowed: (matched !== null) === (action === 'ALLOW'), action, policy: matched, rules };
}

/**
 * What shadow rules would say, LOG included, which names the policy that it logs (RoleBasedAccessControlEngineImpl::handleAction).
 */
export function decideShadow(rules: Cursor, subject: RbacSubject): RbacDecision | Unknown {
  const decision = decideRbac(rules, subject);
  if (isUnknown(decision) || decision.action !== 'LOG') return decision;
  const matched = firstMatch(rules, subject);
  return isUnknown(matched) ? matched : { ...decision, policy: matched };
}

/** The first policy in the order of names that matches; null: none does; undefined: some does, it is not known which. */
function firstMatch(rules: Cursor, subject: RbacSubject): RbacDecision['policy'] | Unknown {
  const policies = field(rules, 'policies')
    .entries()
    .toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0));
  let doubt: Unknown | null = null;
  for (const [name, config] of policies) {
    const truth = matchPolicy(config, subject);
    if (truth === true) return doubt === null ? { name, config } : undefined;
    if (isUnknown(truth)) doubt ??= truth;
  }
  return doubt;
}

const ACTION = 'envoy.config.rbac.v3.Action';

/**
 * Decides by a matcher whose actions allow, deny or log under a name; without a match the answer is no
 * (RoleBasedAccessControlMatcherEngineImpl::handleAction).
 */
export function decideByMatcher(matcher: Cursor, read: ReadInput): RbacDecision | Unknown {
  const found = findAction(matcher, read);
  if (isUnknown(found)) return found;
  if (found === null) return { allowed: false, action: 'ALLOW', policy: null, rules: matcher };
  const name = field(found, 'name').string() ?? '';
  const action = ACTIONS.find((one) => one === (enumName(field(found, 'action'), ACTIONS) ?? 'ALLOW'));
  if (typeName(found) !== ACTION || action === undefined)
    return unknown('the action of an RBAC matcher is not understood', found);
  return { allowed: action !== 'DENY', action, policy: { name, config: found }, rules: matcher };
}

/** A policy matches when one of its permissions and one of its principals do. */
function matchPolicy(policy: Cursor, subject: RbacSubject): Truth {
  return all<() => Truth>(
    [
      () => any(field(policy, 'permissions').items(), (permission) => matchPermission(permission, subject)),
      () => any(field(policy, 'principals').items(), (principal) => matchPrincipal(principal, subject)),
      () => unknownField(policy, KNOWN_POLICY) ?? true,
    ],
    (test) => test(),
  );
}

/** RESPONSE_CODE_DETAILS and CONNECTION_TERMINATION_DETAILS of a denial (source/extensions/filters/common/rbac/utility.cc, responseDetail). */
export function denialDetail(decision: RbacDecision): string | null {
  if (decision.policy === undefined) return null;
  const name = decision.policy?.name.replace(/\s/g, '_') ?? 'none';
  return `rbac_access_denied_matched_policy[${name}]`;
}
