import type { Unknown } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { NetworkPolicyFact } from './kubernetes.ts';

/** What the NetworkPolicies of a cluster say about one side of a connection, whether or not anything enforces them. */
export interface PolicyDecision {
  readonly verdict:
    /** a rule allows it, or no policy isolates the pod in this direction */
    | 'allowed'
    /** policies isolate the pod, and none of their rules allows it */
    | 'denied'
    /** it depends on something that could not be read or is not known */
    | 'unknown';
  /** Policies that select the pod for this direction, by name. */
  readonly isolating: readonly NetworkPolicyFact[];
  /** The first rule that allows it: its policy and its place in spec.ingress or spec.egress. */
  readonly allowedBy: { readonly policy: NetworkPolicyFact; readonly rule: number } | null;
  /** Clauses: `no policy isolates shop/web for ingress`. */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
  /** For `unknown`: why. */
  readonly unknown?: Unknown;
}
