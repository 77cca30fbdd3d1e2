import type { EnvoyStep, IstioReference } from '../../../../model/envoy.ts';
import { policyReference } from '../istio-reference.ts';
import { field } from '../proto-json.ts';
import { step } from '../walk.ts';
import type { RbacDecision } from './engine.ts';

/** The step for an RBAC decision, with the policy that made it, or all rules when none matched. */
export function rbacStep(kind: 'http-filter' | 'network-filter', name: string, decision: RbacDecision): EnvoyStep {
  const { policy, allowed, action } = decision;
  const reason = policy
    ? `policy ${policy.name} matches, action ${action}`
    : policy === null
      ? `no policy matches, action ${action}`
      : `some policy matches, action ${action}`;
  return step(kind, allowed ? 'passed' : 'denied', name, {
    reasons: [reason],
    objects: decidingPolicies(decision),
    cites: [policy?.config ?? decision.rules],
  });
}

/** The rule that matched; where nothing matched and that denies, the policies as a whole, each once. */
function decidingPolicies({ policy, allowed, rules }: RbacDecision): readonly IstioReference[] {
  if (policy) return [policyReference(policy.name) ?? []].flat();
  if (policy === undefined || allowed) return [];
  const whole = new Map<string, IstioReference>();
  for (const [name] of field(rules, 'policies').entries()) {
    const reference = policyReference(name);
    if (reference === undefined) continue;
    const { part: _, ...object } = reference;
    whole.set(`${object.namespace}/${object.name}`, object);
  }
  return [...whole.values()];
}
