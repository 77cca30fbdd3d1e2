import { listText } from '../model/wording.ts';
import { finding, visitsOf, type Check } from './check.ts';

/** S26: a pod keeps the Service addresses that it was started with. */
export const staleEnvironmentCheck: Check = {
  code: 'KR110',
  run: (context) =>
    visitsOf(context, 'environment').flatMap(({ pod, service, stale, evidence }) => {
      if (stale.length === 0) return [];
      return [
        finding('KR110', {
          subject: `pod ${pod.namespace}/${pod.name}`,
          cause: `Its environment variables for Service ${service.namespace}/${service.name} are not those of a pod started now: ${listText(stale, 3)}.`,
          remedy: 'Restart the pod if its application finds Services by environment variables, or use the name.',
          evidence,
        }),
      ];
    }),
};
