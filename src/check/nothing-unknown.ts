import { formatEndpoint } from '../model/address.ts';
import { finding, type Check } from './check.ts';
import { istioObjectName, sidecarOf } from './istio-policies.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';

/** Names that istiod gives to what takes everything that nothing else takes (pilot/pkg/networking/util, BlackHole…). */
const VIRTUAL_HOST = 'block_all';
const CLUSTER = 'BlackHoleCluster';

/** I31, I34: the outbound policy is REGISTRY_ONLY, and the proxy was not told of the host. */
export const nothingUnknownCheck: Check = {
  code: 'KR413',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, cluster }) => {
      const host = outcome.steps.find((step) => step.kind === 'virtual-host' && step.name === VIRTUAL_HOST);
      const hole = cluster?.name === CLUSTER ? cluster : undefined;
      const decided = host ?? hole;
      if (decided === undefined) return [];
      const { request, originalAddress, originalPort } = visit.connection;
      const address = formatEndpoint(originalAddress, originalPort);
      const what = request.http === null ? address : `host ${request.http.authority} at ${address}`;
      const sidecar = sidecarOf(context, visit.pod);
      const name = sidecar === undefined ? '' : istioObjectName(sidecar);
      const own = sidecar?.cursor.at('spec', 'outboundTrafficPolicy', 'mode');
      const policy =
        own?.exists === true ? `spec.outboundTrafficPolicy.mode of ${name}` : 'meshConfig.outboundTrafficPolicy.mode';
      const shown = sidecar === undefined ? '' : `, and spec.egress[].hosts of ${name} are all that it is told of`;
      return [
        finding('KR413', {
          subject: proxySubject(visit),
          cause: `It knows nothing of ${what}, and lets nothing out that it does not know: ${policy} is REGISTRY_ONLY${shown}.`,
          remedy:
            sidecar === undefined
              ? 'Declare the host by a Service or ServiceEntry that is exported to this namespace.'
              : `Add the host to spec.egress[].hosts of ${name}, and declare it by a Service or ServiceEntry if none does.`,
          evidence: [
            ...decided.evidence,
            ...(own?.exists === true ? [own.evidence()] : []),
            ...(sidecar === undefined ? [] : [sidecar.cursor.at('spec', 'egress').evidence()]),
          ],
        }),
      ];
    }),
};
