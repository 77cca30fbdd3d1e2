/**
 * In: the NetworkPolicies of a cluster and one side of a connection to or from a pod. Out: whether networking.k8s.io/v1 allows it,
 * and which rule or which policies say so. Must not decide whether anything in the cluster enforces policies, or look at the other
 * side: a connection between two pods is asked about twice.
 */
import type { Evidence } from '../../model/evidence.ts';
import type { NamespaceFact, NetworkPolicyFact, PodFact } from '../../model/kubernetes.ts';
import type { PolicyDecision } from '../../model/network-policy.ts';
import { matchSelector } from './label-selector.ts';
import { matchRule, type Connection, type PolicyPeer } from './rules.ts';
import { all, type Truth } from './three-valued.ts';

/** One side of a connection. */
export interface PolicyQuestion {
  readonly direction: 'ingress' | 'egress';
  /** The pod on this side: the destination for ingress, the source for egress. */
  readonly pod: PodFact;
  readonly peer: PolicyPeer;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  /** Port of the destination, after a Service's translation. */
  readonly port: number;
  /** Whether all policies of the pod's namespace are given; otherwise one more may isolate it, or allow what others do not. */
  readonly complete: boolean;
}

/**
 * Decides by the rules of NetworkPolicy (kubernetes.io/docs/concepts/services-networking/network-policies): a pod is isolated in a
 * direction when a policy of its namespace selects it for it; then only what a rule of any such policy takes in is allowed. Traffic
 * to itself and with its own node is always allowed. A part that could not be read leaves the verdict unknown unless another rule
 * allows the connection anyway.
 *
 * @param namespaces for namespaceSelector; a namespace that is not there has unknown labels
 */
export function evaluateNetworkPolicies(
  policies: readonly NetworkPolicyFact[],
  namespaces: readonly NamespaceFact[],
  question: PolicyQuestion,
): PolicyDecision {
  const { direction, pod, peer } = question;
  const name = `${pod.namespace}/${pod.name}`;
  if (peer.kind === 'pod' && peer.pod.namespace === pod.namespace && peer.pod.name === pod.name) {
    return decide('allowed', [], [`${name} may always reach itself`]);
  }
  if (peer.kind === 'node' && peer.name === pod.nodeName) {
    return decide('allowed', [], [`${name} and its own node ${peer.name} may always reach each other`]);
  }
  const selected = policies
    .filter((policy) => policy.namespace === pod.namespace)
    .map((policy) => ({ policy, selects: selects(policy, question) }))
    .filter((one) => one.selects !== false);
  const unlisted = question.complete ? undefined : `the NetworkPolicies of namespace ${pod.namespace} were not listed`;
  if (selected.length === 0) {
    if (unlisted !== undefined) return unknown([], `${unlisted}, and one may isolate ${name} for ${direction}`, []);
    return decide('allowed', [], [`no policy isolates ${name} for ${direction}`]);
  }
  const isolating = selected.filter((one) => one.selects === true).map((one) => one.policy);
  const evidence = selected.map(({ policy }) => policy.cursor.at('spec', 'podSelector').evidence());
  if (pod.hostNetwork) {
    return unknown(
      isolating,
      `${name} is in the network namespace of its node, where policies may or may not apply`,
      evidence,
    );
  }
  const connection: Connection = {
    peer,
    destination: direction === 'ingress' ? pod : peer.kind === 'pod' ? peer.pod : null,
    protocol: question.protocol,
    port: question.port,
    namespaceLabels: (namespace) => namespaces.find((one) => one.name === namespace)?.labels,
  };
  // Policies add up: what one rule allows, no other policy takes back.
  let open = unlisted === undefined ? undefined : `${unlisted} as a whole, and one may allow it`;
  for (const { policy, selects: sure } of selected) {
    const label = `NetworkPolicy ${policy.namespace}/${policy.name}`;
    if (sure === null) open ??= `${label}: ${policy.notUnderstood[0] ?? 'whether it selects the pod is not known'}`;
    const rules = policy.cursor.at('spec', direction);
    if (rules.exists && !Array.isArray(rules.value)) open ??= `${label}: its ${direction} rules are no list`;
    for (const [at, rule] of rules.items().entries()) {
      const matched = matchRule(rule, direction === 'ingress' ? 'from' : 'to', policy.namespace, connection);
      if (matched === true && sure === true) {
        const reasons = [`rule ${at} of ${label} allows it`];
        return { ...decide('allowed', isolating, reasons, [rule.evidence()]), allowedBy: { policy, rule: at } };
      }
      if (matched === null) open ??= `${label}: whether ${direction} rule ${at} takes it in is not known`;
    }
  }
  if (open !== undefined) return unknown(isolating, open, evidence);
  const names = isolating.map((policy) => `${policy.namespace}/${policy.name}`).join(', ');
  return decide(
    'denied',
    isolating,
    [`${names} ${isolating.length === 1 ? 'isolates' : 'isolate'} ${name} for ${direction}, and no rule allows it`],
    evidence,
  );
}

function selects(policy: NetworkPolicyFact, { direction, pod }: PolicyQuestion): Truth {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  const forDirection = policy.policyTypes.includes(type) ? true : policy.notUnderstood.length > 0 ? null : false;
  return all([forDirection, matchSelector(policy.cursor.at('spec', 'podSelector'), pod.labels)]);
}

function decide(
  verdict: PolicyDecision['verdict'],
  isolating: readonly NetworkPolicyFact[],
  reasons: readonly string[],
  evidence: readonly Evidence[] = [],
): PolicyDecision {
  return { verdict, isolating, allowedBy: null, reasons, evidence };
}

function unknown(
  isolating: readonly NetworkPolicyFact[],
  reason: string,
  evidence: readonly Evidence[],
): PolicyDecision {
  return { ...decide('unknown', isolating, [reason], evidence), unknown: { reason, evidence } };
}
