import type { EnvoyResource } from '../model/envoy.ts';
import { finding, visitsOf, type Check } from './check.ts';
import { proxySubject } from './proxy-ends.ts';

/** I07: the proxy keeps an older resource because it refused the newer one. */
export const rejectedConfigCheck: Check = {
  code: 'KR409',
  run: (context) =>
    visitsOf(context, 'proxy').flatMap((visit) => {
      const config = context.cluster.pod(visit.pod.namespace, visit.pod.name).envoy().value?.config;
      if (config === null || config === undefined) return [];
      const met = new Set(visit.outcomes.flatMap((outcome) => outcome.steps.map((step) => step.name)));
      const rejected = (resource: EnvoyResource): boolean => resource.rejected !== null && met.has(resource.name);
      return [...config.listeners(), ...config.routes()].filter(rejected).map((resource) =>
        finding('KR409', {
          subject: `${resource.name} at ${proxySubject(visit)}`,
          cause: `The proxy rejected its last update (${resource.rejected?.at('details').string() ?? 'without details'}) and still runs the one before.`,
          remedy: 'Mend what the details name (often an EnvoyFilter or an extension that this Envoy does not have).',
          evidence: resource.rejected === null ? [] : [resource.rejected.at('details').evidence()],
        }),
      );
    }),
};
