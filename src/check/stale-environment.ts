import { finding, visitsOf, type Check } from './check.ts';

/** S26: a container gets its variables when it starts; a Service that came later is not among them. */
export const staleEnvironmentCheck: Check = {
  code: 'KR110',
  run: (context) =>
    visitsOf(context, 'environment').flatMap(({ pod, variable, state, service, evidence }) => {
      if (state !== 'not-set') return [];
      const why =
        service === null
          ? 'no Service of its namespace makes one'
          : `Service ${service.namespace}/${service.name} is younger than the container`;
      return [
        finding('KR110', {
          subject: `pod ${pod.namespace}/${pod.name}`,
          cause: `It has no environment variable ${variable}: ${why}.`,
          remedy:
            service === null
              ? "Correct the variable's name, or use the Service's DNS name."
              : "Restart the pod, or let it use the Service's DNS name, which needs no restart.",
          evidence,
        }),
      ];
    }),
};
