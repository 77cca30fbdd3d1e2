/**
 * Runs every check over what the walk met. In: facts and a trace. Out: findings, worst first, each once. Must not print.
 */
import type { Finding, Severity } from '../model/explanation.ts';
import type { Check, CheckContext } from './check.ts';
import { affinityCheck } from './affinity.ts';
import { answerLostCheck } from './answer-lost.ts';
import { bothBackendsCheck } from './both-backends.ts';
import { certificateRefusedCheck } from './certificate-refused.ts';
import { clusterMissingCheck } from './cluster-missing.ts';
import { connectFailuresCheck } from './connect-failures.ts';
import { deniedCheck } from './denied.ts';
import { emptyClusterCheck } from './empty-cluster.ts';
import { faultCheck } from './fault.ts';
import { forwardingCheck } from './forwarding.ts';
import { goneEndpointCheck, lackingEndpointCheck, otherDriftCheck, unknownServiceCheck } from './node-drift.ts';
import { nodePortClashCheck } from './host-port.ts';
import { headlessPortCheck } from './headless-port.ts';
import { localPolicyCheck } from './local-policy.ts';
import { namedTargetPortCheck, someNamedTargetPortsCheck } from './named-target-port.ts';
import { noFamilyCheck } from './no-family.ts';
import { noListenerCheck } from './no-listener.ts';
import { noRouteCheck } from './no-route.ts';
import { noSuchPortCheck } from './no-such-port.ts';
import { notReadyCheck } from './not-ready.ts';
import { passthroughCheck } from './passthrough.ts';
import { nothingUnknownCheck } from './nothing-unknown.ts';
import { plaintextToStrictCheck } from './plaintext-to-strict.ts';
import { policyCheck } from './policy.ts';
import { proxyDriftCheck } from './proxy-drift.ts';
import { rejectedConfigCheck } from './rejected-config.ts';
import { secretMissingCheck } from './secret-missing.ts';
import { selectorCheck } from './selector.ts';
import { slicePortNameCheck } from './slice-port-name.ts';
import { sourceRangesCheck } from './source-ranges.ts';
import { staleConnectionCheck } from './stale-connection.ts';
import { staleEnvironmentCheck } from './stale-environment.ts';
import { terminatingCheck } from './terminating.ts';
import { tlsToPlaintextCheck } from './tls-to-plaintext.ts';
import { unresolvedCheck } from './unresolved.ts';
import { conntrackFullCheck } from './conntrack-full.ts';
import { duplicateAddressCheck } from './duplicate-address.ts';
import { aliasCircleCheck, externalAddressCheck, externalNameHostCheck } from './external-name.ts';
import { hintsCheck } from './hints.ts';
import { kubeProxyPodCheck } from './kube-proxy-pod.ts';
import { localDetectionCheck } from './local-detection.ts';
import { nodeDropsCheck } from './node-drops.ts';
import { nodePortAddressCheck, nodePortTakenCheck } from './node-port.ts';
import { linkSizeCheck, nodeRouteCheck } from './node-route.ts';
import { configuredModeCheck, leftoversCheck, twoReplacementsCheck } from './other-mode.ts';
import { publishedUnreadyCheck } from './published-unready.ts';
import { serviceRangeCheck } from './service-range.ts';
import { gonePodCheck, missingPodCheck, replacedPodCheck } from './slice-pods.ts';
import { compareText } from '../model/order.ts';

/** Every check: a new one is a file, a line here, a catalogue entry and a page. */
export const CHECKS: readonly Check[] = [
  selectorCheck,
  notReadyCheck,
  namedTargetPortCheck,
  noSuchPortCheck,
  noListenerCheck,
  terminatingCheck,
  slicePortNameCheck,
  unresolvedCheck,
  headlessPortCheck,
  staleEnvironmentCheck,
  noFamilyCheck,
  someNamedTargetPortsCheck,
  publishedUnreadyCheck,
  gonePodCheck,
  replacedPodCheck,
  missingPodCheck,
  externalNameHostCheck,
  externalAddressCheck,
  serviceRangeCheck,
  duplicateAddressCheck,
  nodePortClashCheck,
  aliasCircleCheck,
  unknownServiceCheck,
  goneEndpointCheck,
  lackingEndpointCheck,
  otherDriftCheck,
  bothBackendsCheck,
  localPolicyCheck,
  sourceRangesCheck,
  answerLostCheck,
  forwardingCheck,
  affinityCheck,
  staleConnectionCheck,
  kubeProxyPodCheck,
  leftoversCheck,
  configuredModeCheck,
  localDetectionCheck,
  nodePortAddressCheck,
  nodePortTakenCheck,
  conntrackFullCheck,
  nodeDropsCheck,
  nodeRouteCheck,
  twoReplacementsCheck,
  hintsCheck,
  linkSizeCheck,
  policyCheck,
  emptyClusterCheck,
  clusterMissingCheck,
  noRouteCheck,
  faultCheck,
  deniedCheck,
  passthroughCheck,
  connectFailuresCheck,
  proxyDriftCheck,
  rejectedConfigCheck,
  plaintextToStrictCheck,
  tlsToPlaintextCheck,
  certificateRefusedCheck,
  secretMissingCheck,
  nothingUnknownCheck,
];

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** All findings of one walk: errors first, then by code and subject; equal ones once. */
export function runChecks(context: CheckContext): readonly Finding[] {
  const unique = new Map<string, Finding>();
  for (const finding of CHECKS.flatMap((check) => check.run(context))) {
    const identity = `${finding.code}|${finding.subject}|${finding.cause}`;
    if (!unique.has(identity)) unique.set(identity, finding);
  }
  return [...unique.values()].toSorted(
    (a, b) => RANK[a.severity] - RANK[b.severity] || compareText(a.code, b.code) || compareText(a.subject, b.subject),
  );
}
