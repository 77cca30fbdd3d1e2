import type { PodFact } from '../model/kubernetes.ts';
import { capital, listText } from '../model/wording.ts';
import { finding, type Check, type CheckContext } from './check.ts';
import { gatewaysOf, istioObjectName, type DecidingField } from './istio-policies.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';

/** How istiod calls the Secret of a Gateway's credentialName (pilot/pkg/model/credentials/resource.go). */
const OF_GATEWAY = 'kubernetes://';
/** What a proxy asks the mesh's own authority for: its certificate, and the roots that it trusts. */
const OF_WORKLOAD = new Set(['default', 'ROOTCA']);

/** I04, I55: a proxy ends TLS with a certificate that it has not been given, and closes every connection. */
export const secretMissingCheck: Check = {
  code: 'KR414',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      const undelivered = end.kind === 'close' ? (end.handshake?.undelivered ?? []) : [];
      if (undelivered.length === 0) return [];
      const step = outcome.steps.findLast((one) => one.kind === 'filter-chain');
      const fields = credentialFields(context, visit.pod, undelivered);
      const [first] = fields;
      const named = fields.map(({ object, field, cursor }) => {
        return `${field} of ${istioObjectName(object)} names Secret ${cursor.string() ?? ''}`;
      });
      return [
        finding('KR414', {
          subject: first === undefined ? proxySubject(visit) : istioObjectName(first.object),
          cause: `${capital(proxySubject(visit))} has not been given ${listText(undelivered)}, so it closes TLS connections${named.length === 0 ? '' : `: ${listText(named)}`}.`,
          remedy: remedyOf(undelivered, first, visit.pod.namespace),
          evidence: [...fields.map(({ cursor }) => cursor.evidence()), ...(step?.evidence ?? [])],
        }),
      ];
    }),
};

/** Where Gateways that select the proxy name the secrets. */
function credentialFields(context: CheckContext, pod: PodFact, secrets: readonly string[]): readonly DecidingField[] {
  return gatewaysOf(context, pod).flatMap((object) =>
    object.cursor
      .at('spec', 'servers')
      .items()
      .map((server) => server.at('tls', 'credentialName'))
      .filter((cursor) => secrets.includes(`${OF_GATEWAY}${cursor.string() ?? ''}`))
      .map((cursor) => ({ object, field: 'spec.servers[].tls.credentialName', cursor })),
  );
}

function remedyOf(secrets: readonly string[], field: DecidingField | undefined, namespace: string): string {
  if (field !== undefined) {
    const secret = field.cursor.string() ?? '';
    return `Create Secret ${secret} of type kubernetes.io/tls in namespace ${namespace}, where the proxy runs, or correct ${field.field} of ${istioObjectName(field.object)}.`;
  }
  return secrets.some((name) => OF_WORKLOAD.has(name))
    ? 'See why istiod has signed no certificate for the proxy: the logs of its pilot-agent, and whether it reaches istiod at port 15012.'
    : 'See why the server of SDS does not deliver it.';
}
