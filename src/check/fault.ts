import { percentText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { objectName, proxyEnds, proxySubject } from './proxy-ends.ts';

/** I48: an abort is injected, on purpose or left behind. */
export const faultCheck: Check = {
  code: 'KR404',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if (end.kind !== 'reply' || end.flag?.split(',').includes('FI') !== true) return [];
      const step = outcome.steps.findLast((one) => one.kind === 'http-filter');
      const route = outcome.steps.findLast((one) => one.kind === 'route');
      const object = route?.objects[0];
      const by = object === undefined ? '' : ` by ${objectName(object)}, route ${route?.name ?? ''}`;
      return [
        finding('KR404', {
          subject: proxySubject(visit),
          cause: `It aborts ${percentText(outcome.probability)} of such requests with ${end.status} (FI): a fault is injected${by}.`,
          remedy:
            object === undefined
              ? 'Remove the fault from the route, or do not send requests that match it.'
              : `Remove spec.http[].fault from ${objectName(object)}, or do not send requests that match that route.`,
          evidence: step?.evidence ?? [],
        }),
      ];
    }),
};
