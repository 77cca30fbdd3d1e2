import { finding, visitsOf, type Check } from './check.ts';
import { istioObjectName, strictPeerAuthentication } from './istio-policies.ts';
import { clientProxyOf, whyPlain } from './tls-pair.ts';

/** I20, I22: the server takes mutual TLS alone, so its listener has no filter chain for a client that sends plain text. */
export const plaintextToStrictCheck: Check = {
  code: 'KR410',
  run: (context) =>
    visitsOf(context, 'proxy').flatMap((visit) => {
      const { pod, connection, outcomes } = visit;
      const closed = outcomes.find(
        ({ end, probability }) =>
          probability > 0 && end.kind === 'close' && (end.flag === 'NR' || end.handshake !== undefined),
      );
      if (closed === undefined || connection.request.tls !== null) return [];
      const strict = strictPeerAuthentication(context, pod, connection.originalPort);
      if (strict === undefined) return [];
      const { why, remedy } = whyPlain(context, clientProxyOf(context, visit));
      const name = istioObjectName(strict.object);
      return [
        finding('KR410', {
          subject: name,
          cause: `Its ${strict.field} is STRICT, so port ${connection.originalPort} of pod ${pod.namespace}/${pod.name} takes mutual TLS alone, and the client sends plain text: ${why}.`,
          remedy: `${remedy}; or set ${strict.field} of ${name} to PERMISSIVE.`,
          evidence: [
            strict.cursor.evidence(),
            ...(closed.steps.findLast((step) => step.kind === 'filter-chain')?.evidence ?? []),
          ],
        }),
      ];
    }),
};
