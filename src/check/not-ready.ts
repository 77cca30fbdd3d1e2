import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { endpointsKnown, endpointsOf, servicePortsMet, serviceSubject } from './services-met.ts';

/** S05: endpoints exist, but none may be used. */
export const notReadyCheck: Check = {
  code: 'KR102',
  run: (context) => {
    return servicePortsMet(context).flatMap(({ service }) => {
      if (!endpointsKnown(context, service)) return [];
      const endpoints = endpointsOf(context, service);
      if (endpoints.length === 0 || endpoints.some((one) => one.ready || (one.serving && one.terminating))) return [];
      const names = endpoints.map((one) => one.podName ?? one.addresses[0] ?? 'an endpoint');
      return [
        finding('KR102', {
          subject: serviceSubject(service),
          cause: `None of its ${endpoints.length} endpoints is ready (${listText(names)}), so nodes and proxies use none of them.`,
          remedy: 'See why the pods are not ready (conditions, readiness probe): kubectl describe pod, and mend that.',
          evidence: endpoints.slice(0, 5).map((one) => one.cursor.at('conditions').evidence()),
        }),
      ];
    });
  },
};
