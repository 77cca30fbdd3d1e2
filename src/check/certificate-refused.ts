import { finding, type Check } from './check.ts';
import { destinationRuleOf } from './destination-rule.ts';
import { istioObjectName } from './istio-policies.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';
import { clientProxyOf } from './tls-pair.ts';

/** I24, I25 and names: both sides speak TLS, and one of them does not accept what the other one presents. */
export const certificateRefusedCheck: Check = {
  code: 'KR412',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if (end.kind !== 'close' || end.handshake === undefined || visit.connection.request.tls === null) return [];
      // A client hello that no filter chain takes, or that is read as HTTP, is another matter; of a missing secret KR414 tells.
      if (end.flag === 'NR' || end.flag === 'DPE' || end.handshake.undelivered !== undefined) return [];
      const step = outcome.steps.findLast((one) => one.kind === 'filter-chain');
      const client = clientProxyOf(context, visit);
      const rule = client === undefined ? undefined : destinationRuleOf(context, client.outcome);
      const names = rule?.cursor.at('spec', 'trafficPolicy', 'tls', 'subjectAltNames');
      const asked = names?.exists === true && rule !== undefined ? names : undefined;
      const name = rule === undefined ? '' : istioObjectName(rule);
      return [
        finding('KR412', {
          subject: asked === undefined ? proxySubject(visit) : name,
          cause: `The TLS handshake with ${proxySubject(visit)} fails: ${step?.reasons.at(-1) ?? 'a certificate is not accepted'}${asked === undefined ? '' : `; ${name} asks for ${asked.strings().join(', ')} in spec.trafficPolicy.tls.subjectAltNames`}.`,
          remedy:
            asked === undefined
              ? 'Let both sides have certificates of authorities that the other one trusts, that are valid now.'
              : `Correct spec.trafficPolicy.tls.subjectAltNames of ${name}, or leave it out: Istio then asks for the names of the Service’s own accounts.`,
          evidence: [...(asked === undefined ? [] : [asked.evidence()]), ...(step?.evidence ?? [])],
        }),
      ];
    }),
};
