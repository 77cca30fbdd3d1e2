import { finding, visitsOf, type Check } from './check.ts';
import { serviceSubject } from './services-met.ts';

/** K09, K10: with traffic policy Local a node without an endpoint of its own drops the connection. */
export const localPolicyCheck: Check = {
  code: 'KR206',
  run: (context) =>
    visitsOf(context, 'netns').flatMap(({ owner, intended }) =>
      (intended ?? []).flatMap(({ action, service, addressKind, evidence }) => {
        if (owner.kind !== 'node' || service === null || (action !== 'drop' && action !== 'reject')) return [];
        const field = addressKind === 'clusterIP' ? 'internalTrafficPolicy' : 'externalTrafficPolicy';
        const elsewhere = context.cluster
          .objects()
          .value?.endpointSlicesHaving(service.name)
          .some(
            (slice) =>
              slice.serviceName === service.name &&
              slice.namespace === service.namespace &&
              slice.endpoints.some((one) => one.ready && one.nodeName !== owner.node),
          );
        if (service[field] !== 'Local' || elsewhere !== true) return [];
        return [
          finding('KR206', {
            subject: serviceSubject(service),
            cause: `spec.${field} is Local and node ${owner.node} runs no ready endpoint of it, so that node drops the connection.`,
            remedy: `Set spec.${field} to Cluster, run an endpoint on ${owner.node}, or enter by a node that has one.`,
            evidence: [service.cursor.at('spec', field).evidence(), ...evidence],
          }),
        ];
      }),
    ),
};
