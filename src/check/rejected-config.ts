import type { EnvoyResource } from '../model/envoy.ts';
import { listText } from '../model/wording.ts';
import { finding, visitsOf, type Check } from './check.ts';
import { istioObjectName, objectsFor } from './istio-policies.ts';
import { proxySubject } from './proxy-ends.ts';

/** I07: the proxy keeps an older resource because it refused the newer one. */
export const rejectedConfigCheck: Check = {
  code: 'KR409',
  run: (context) =>
    visitsOf(context, 'proxy').flatMap((visit) => {
      const dump = context.cluster.pod(visit.pod.namespace, visit.pod.name).envoy().value?.config;
      if (dump === null || dump === undefined) return [];
      const met = new Set(visit.outcomes.flatMap((outcome) => outcome.steps.map((step) => step.name)));
      // A listener that never ran is not met: it would have taken what goes to its port.
      const wanted = ({ name, config }: EnvoyResource): boolean =>
        met.has(name) ||
        config.at('address', 'socket_address', 'port_value').number() === visit.connection.originalPort;
      const rejected = (resource: EnvoyResource): boolean => resource.rejected !== null && wanted(resource);
      const filters = objectsFor(context, 'EnvoyFilter', visit.pod).map(istioObjectName);
      const remedy =
        filters.length === 0
          ? 'Mend what the details name (often an extension that this Envoy does not have).'
          : `Mend what the details name: look at spec.configPatches of ${listText(filters)}.`;
      return [...dump.listeners(), ...dump.routes()].filter(rejected).map((resource) =>
        finding('KR409', {
          subject: `${resource.name} at ${proxySubject(visit)}`,
          cause: `The proxy rejected its last update (${resource.rejected?.at('details').string() ?? 'without details'}) and ${resource.state === 'rejected' ? 'has none of that name' : 'still runs the one before'}.`,
          remedy,
          evidence: resource.rejected === null ? [] : [resource.rejected.at('details').evidence()],
        }),
      );
    }),
};
