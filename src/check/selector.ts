import { listText } from '../model/wording.ts';
import { finding, objectsOf, type Check } from './check.ts';
import { endpointsKnown, endpointsOf, selectedPods, servicePortsMet, serviceSubject } from './services-met.ts';

/** S01: the selector matches nothing, so the endpoints controller has nothing to write. */
export const selectorCheck: Check = {
  code: 'KR101',
  run: (context) => {
    return servicePortsMet(context).flatMap(({ service }) => {
      if (!endpointsKnown(context, service)) return [];
      if (service.selector === null || selectedPods(context, service).length > 0) return [];
      if (endpointsOf(context, service).length > 0) return [];
      const selector = Object.entries(service.selector).map(([key, value]) => `${key}=${value}`);
      const pods = (objectsOf(context)?.pods ?? []).filter((pod) => pod.namespace === service.namespace);
      const near = pods.filter((pod) =>
        Object.keys(service.selector ?? {}).some((key) => pod.labels[key] !== undefined),
      );
      const values = near.flatMap((pod) =>
        Object.keys(service.selector ?? {}).map((key) => `${key}=${pod.labels[key] ?? ''}`),
      );
      const others = near.length === 0 ? '' : ` Pods there carry ${listText([...new Set(values)].toSorted())}.`;
      return [
        finding('KR101', {
          subject: serviceSubject(service),
          cause: `Its selector ${selector.join(',')} matches no pod in namespace ${service.namespace}, so it has no endpoint.`,
          remedy: `Make spec.selector equal to the labels of the pods that should answer, or start such pods.${others}`,
          evidence: [service.cursor.at('spec', 'selector').evidence()],
        }),
      ];
    });
  },
};
