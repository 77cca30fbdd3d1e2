import { finding, visitsOf, type Check } from './check.ts';
import { serviceSubject } from './services-met.ts';

/** K13: only sources in loadBalancerSourceRanges may use the load balancer address. */
export const sourceRangesCheck: Check = {
  code: 'KR207',
  run: (context) =>
    visitsOf(context, 'netns').flatMap(({ flow, intended }) =>
      (intended ?? []).flatMap(({ action, service, addressKind }) => {
        if (action !== 'drop' || service === null || addressKind !== 'loadBalancerIP') return [];
        if (service.loadBalancerSourceRanges.length === 0) return [];
        return [
          finding('KR207', {
            subject: serviceSubject(service),
            cause: `Its load balancer address takes only sources in ${service.loadBalancerSourceRanges.join(', ')}; ${flow.source} is outside.`,
            remedy: `Add the client's range to spec.loadBalancerSourceRanges, or ask the Service at its cluster IP ${service.clusterIPs[0] ?? ''}.`,
            evidence: [service.cursor.at('spec', 'loadBalancerSourceRanges').evidence()],
          }),
        ];
      }),
    ),
};
