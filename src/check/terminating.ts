import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { endpointsKnown, endpointsOf, servicePortsMet, serviceSubject } from './services-met.ts';

/** S08: kube-proxy falls back to serving, terminating endpoints when no other is left. */
export const terminatingCheck: Check = {
  code: 'KR106',
  run: (context) => {
    return servicePortsMet(context).flatMap(({ service }) => {
      if (!endpointsKnown(context, service)) return [];
      const endpoints = endpointsOf(context, service);
      const last = endpoints.filter((one) => one.serving && one.terminating);
      if (last.length === 0 || endpoints.some((one) => one.ready)) return [];
      return [
        finding('KR106', {
          subject: serviceSubject(service),
          cause: `Only terminating endpoints are left (${listText(last.map((one) => one.podName ?? one.addresses[0] ?? 'an endpoint'))}); they answer until their grace period ends.`,
          remedy: 'Start new pods, or see why new pods of this Service do not get ready.',
          evidence: last.slice(0, 5).map((one) => one.cursor.at('conditions').evidence()),
        }),
      ];
    });
  },
};
