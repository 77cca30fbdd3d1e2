import { finding, type Check } from './check.ts';
import { objectsText, proxyEnds, proxySubject } from './proxy-ends.ts';

/** I14, I15: the route names a cluster that the proxy does not have. */
export const clusterMissingCheck: Check = {
  code: 'KR402',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if (end.kind === 'upstream' || end.kind === 'undetermined' || end.flag !== 'NC') return [];
      const routes = outcome.steps.filter((step) => step.kind === 'route');
      const cluster = outcome.steps.findLast((step) => step.kind === 'cluster');
      return [
        finding('KR402', {
          subject: proxySubject(visit),
          cause: `Its route leads to cluster ${cluster?.name ?? ''}, which it does not have${objectsText(routes.flatMap((route) => route.objects))}, so it answers 503 (NC).`,
          remedy:
            'Define the subset in a DestinationRule for that host (visible to this namespace), or correct host, port or subset of the route.',
          evidence: routes.flatMap((route) => route.evidence),
        }),
      ];
    }),
};
