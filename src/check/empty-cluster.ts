import { finding, type Check } from './check.ts';
import { objectsText, proxyEnds, proxySubject } from './proxy-ends.ts';

/** I08, I16: the route's cluster exists and has no host to send to. */
export const emptyClusterCheck: Check = {
  code: 'KR401',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end, cluster }) => {
      if (end.kind === 'upstream' || end.kind === 'undetermined' || end.flag !== 'UH') return [];
      const objects = outcome.steps.flatMap((step) => step.objects);
      const subset = objects.find((object) => object.part?.startsWith('subset') === true);
      const fix =
        subset === undefined
          ? 'Start pods for the Service behind it, or send the route elsewhere.'
          : `Change the ${subset.part ?? 'subset'} labels of ${subset.kind} ${subset.namespace}/${subset.name} so that they match running pods, or send the route to another subset.`;
      return [
        finding('KR401', {
          subject: `cluster ${cluster?.name ?? 'of the route'} at ${proxySubject(visit)}`,
          cause: `It has no usable endpoint, so the proxy answers 503 (UH)${objectsText(objects)}.`,
          remedy: fix,
          evidence: [
            ...(cluster?.evidence ?? []),
            ...outcome.steps.filter((step) => step.kind === 'route').flatMap((step) => step.evidence.slice(-1)),
          ],
        }),
      ];
    }),
};
