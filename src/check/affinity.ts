import { finding, visitsOf, type Check } from './check.ts';
import { serviceSubject } from './services-met.ts';

/** K24: with ClientIP affinity a client stays where it was, whatever happens to that endpoint. */
export const affinityCheck: Check = {
  code: 'KR210',
  run: (context) =>
    visitsOf(context, 'netns').flatMap(({ intended }) =>
      (intended ?? []).flatMap(({ service, action }) => {
        if (service === null || service.affinitySeconds === null || action !== 'dnat') return [];
        return [
          finding('KR210', {
            subject: serviceSubject(service),
            cause: `spec.sessionAffinity is ClientIP for ${service.affinitySeconds} s: a client that came before goes to the endpoint it had, not to a random one.`,
            remedy: 'Nothing to mend if that is wanted; else set spec.sessionAffinity to None.',
            evidence: [service.cursor.at('spec', 'sessionAffinity').evidence()],
          }),
        ];
      }),
    ),
};
