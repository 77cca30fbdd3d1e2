import type { EnvoyStep } from '../../../../model/envoy.ts';
import { policyReference } from '../istio-reference.ts';
import { step } from '../walk.ts';
import type { RbacDecision } from './engine.ts';

/** The step for an RBAC decision, with the policy that made it, or all rules when none matched. */
export function rbacStep(kind: 'http-filter' | 'network-filter', name: string, decision: RbacDecision): EnvoyStep {
  const { policy, allowed, action } = decision;
  const reference = policy ? policyReference(policy.name) : undefined;
  const reason = policy
    ? `policy ${policy.name} matches, action ${action}`
    : policy === null
      ? `no policy matches, action ${action}`
      : `some policy matches, action ${action}`;
  return step(kind, allowed ? 'passed' : 'denied', name, {
    reasons: [reason],
    objects: reference === undefined ? [] : [reference],
    cites: [policy?.config ?? decision.rules],
  });
}
