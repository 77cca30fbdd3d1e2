import type { Flow } from '../../model/flow.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { PolicyDecision } from '../../model/network-policy.ts';
import type { Owner, PolicyVisit } from '../../model/trace.ts';
import { listText } from '../../model/wording.ts';
import { evaluateNetworkPolicies } from '../../evaluate/network-policy/evaluate-network-policies.ts';
import type { PolicyPeer } from '../../evaluate/network-policy/rules.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import type { World } from '../world/world.ts';
import type { End, WalkState } from './state.ts';

/** Names of the pods that enforce NetworkPolicies on each node, by network plugin. */
const ENFORCERS = ['calico-node', 'canal', 'cilium', 'antrea-agent', 'kube-router', 'weave-net'];

/** What the NetworkPolicies say about a connection that arrives at a pod, and how the branch ends if they say no. */
export interface UnderPolicies {
  readonly visits: readonly PolicyVisit[];
  readonly end: End | null;
}

/**
 * Asks the NetworkPolicies of both sides about a connection between its first sender and the pod where it arrives. Policies are
 * objects; whether anything enforces them is another question. Where no enforcer was seen, a "no" makes the answer
 * undetermined instead of denied; so does not knowing which policies there are.
 */
export function underPolicies(world: World, state: WalkState, cluster: string, pod: PodFact): UnderPolicies {
  const view = world.cluster(cluster);
  const { flow } = state;
  const sender = state.passages[0];
  const client = sender?.owner;
  const none =
    (view.objects?.networkPolicies ?? []).length === 0 &&
    areListed(view, pod) &&
    (client?.kind !== 'pod' || areListed(view, client.pod));
  if (flow === null || none) return { visits: [], end: null };
  const enforced = isEnforced(view, pod.nodeName);
  const visits: PolicyVisit[] = [];
  if (client?.kind === 'pod') {
    const decision = ask(view, 'egress', client.pod, { kind: 'pod', pod, ip: flow.destination }, flow);
    visits.push({ kind: 'policy', direction: 'egress', pod: client.pod, decision, enforced });
  }
  const peers = possiblePeers(view, client, sender?.before, flow);
  const decisions = peers.map((peer) => ask(view, 'ingress', pod, peer, flow));
  const [first] = decisions;
  if (first !== undefined) {
    const agreed = decisions.every((decision) => decision.verdict === first.verdict);
    visits.push({ kind: 'policy', direction: 'ingress', pod, decision: agreed ? first : disagreed(first), enforced });
  }
  return { visits, end: endOf(visits) };
}

/** Who the policy of the receiving side takes the sender for: itself, and after a source translation perhaps the node. */
function possiblePeers(
  view: ClusterView,
  client: Owner | undefined,
  before: Flow | undefined,
  flow: Flow,
): readonly PolicyPeer[] {
  const node = view.nodeAt(flow.source);
  const seen: PolicyPeer =
    node === undefined ? { kind: 'ip', ip: flow.source } : { kind: 'node', name: node, ip: flow.source };
  if (client === undefined) return [seen];
  if (client.kind === 'node') return [{ kind: 'node', name: client.node, ip: flow.source }];
  const self: PolicyPeer = { kind: 'pod', pod: client.pod, ip: before?.source ?? flow.source };
  return before !== undefined && before.source !== flow.source ? [self, seen] : [self];
}

function ask(
  view: ClusterView,
  direction: 'ingress' | 'egress',
  pod: PodFact,
  peer: PolicyPeer,
  flow: Flow,
): PolicyDecision {
  const protocol = flow.protocol === 'tcp' ? 'TCP' : flow.protocol === 'udp' ? 'UDP' : 'SCTP';
  return evaluateNetworkPolicies(view.objects?.networkPolicies ?? [], view.objects?.namespaces ?? [], {
    direction,
    pod,
    peer,
    protocol,
    port: flow.destinationPort,
    complete: areListed(view, pod),
  });
}

/** Whether every policy that may select the pod was listed; a live cluster that refuses the whole List is asked for the namespace. */
function areListed(view: ClusterView, pod: PodFact): boolean {
  return view.objects?.holds('networkpolicies', { namespace: pod.namespace }) === true;
}

function disagreed(one: PolicyDecision): PolicyDecision {
  const reason =
    'it depends on whether the network plugin looks at the address before or after the source was translated';
  return { ...one, verdict: 'unknown', reasons: [reason], unknown: { reason, evidence: one.evidence } };
}

function isEnforced(view: ClusterView, node: string | null): boolean {
  return node !== null && view.podsOn(node).some((pod) => ENFORCERS.some((name) => pod.name.startsWith(name)));
}

function endOf(visits: readonly PolicyVisit[]): End | null {
  const denied = visits.find((visit) => visit.decision.verdict === 'denied');
  const unknown = visits.find((visit) => visit.decision.verdict === 'unknown');
  if (denied !== undefined) {
    const names = denied.decision.isolating.map((policy) => `${policy.namespace}/${policy.name}`);
    const what = `NetworkPolicy ${listText(names)} isolates pod ${denied.pod.namespace}/${denied.pod.name} for ${denied.direction}, and no rule allows this connection`;
    if (denied.enforced) return { disposition: 'denied', detail: 'timeout', reason: `${what}.` };
    const reason = `${what}; whether the cluster's network plugin enforces it was not seen`;
    return {
      disposition: 'undetermined',
      reason: `${reason}.`,
      unknown: { reason, evidence: denied.decision.evidence },
    };
  }
  if (unknown === undefined) return null;
  const reason = unknown.decision.unknown?.reason ?? unknown.decision.reasons.join('; ');
  return {
    disposition: 'undetermined',
    reason: `NetworkPolicies: ${reason}.`,
    unknown: { reason, evidence: unknown.decision.evidence },
  };
}
