import { listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { endpointsKnown, endpointsOf, servicesMet, serviceSubject } from './services-met.ts';

/** S07: with publishNotReadyAddresses the slice controller calls every endpoint ready, and tells in `serving` which of them are. */
export const publishedUnreadyCheck: Check = {
  code: 'KR113',
  run: (context) =>
    servicesMet(context).flatMap((service) => {
      if (!service.publishNotReadyAddresses || !endpointsKnown(context, service)) return [];
      const unready = endpointsOf(context, service).filter((one) => one.ready && !one.serving);
      if (unready.length === 0) return [];
      const names = unready.map((one) => one.podName ?? one.addresses[0] ?? 'an endpoint');
      return [
        finding('KR113', {
          subject: serviceSubject(service),
          cause: `It publishes endpoints that are not ready, so that ${listText(names)} may get connections before they can answer.`,
          remedy:
            'Set spec.publishNotReadyAddresses to false, unless peers have to find each other before they are ready.',
          evidence: [
            service.cursor.at('spec', 'publishNotReadyAddresses').evidence(),
            ...unready.slice(0, 3).map((one) => one.cursor.at('conditions').evidence()),
          ],
        }),
      ];
    }),
};
