import { finding, visitsOf, type Check } from './check.ts';

/** N01, N02: an isolating policy has no rule for this connection. */
export const policyCheck: Check = {
  code: 'KR301',
  run: (context) =>
    visitsOf(context, 'policy').flatMap(({ direction, pod, decision, enforced }) => {
      if (decision.verdict !== 'denied') return [];
      const names = decision.isolating.map((policy) => `${policy.namespace}/${policy.name}`);
      const sure = enforced ? '' : ' Whether the cluster enforces NetworkPolicies was not seen.';
      return [
        finding('KR301', {
          subject: `pod ${pod.namespace}/${pod.name}`,
          cause: `NetworkPolicy ${names.join(', ')} isolates it for ${direction} and no rule allows this connection.${sure}`,
          remedy: `Add an ${direction} rule to one of these policies that allows the peer and the pod's own port.`,
          evidence: decision.evidence,
        }),
      ];
    }),
};
