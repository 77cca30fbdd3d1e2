import { formatEndpoint } from '../model/address.ts';
import { finding, type Check } from './check.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';

/** I11, I12: no rule of the mesh knows the host or port, and the outbound policy lets it pass as it is. */
export const passthroughCheck: Check = {
  code: 'KR406',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, cluster }) => {
      if (cluster?.name !== 'PassthroughCluster') return [];
      const { http } = visit.connection.request;
      const { originalAddress, originalPort } = visit.connection;
      const address = formatEndpoint(originalAddress, originalPort);
      const what = http === null ? address : `host ${http.authority} at ${address}`;
      const decided = outcome.steps.findLast((step) => step.kind === 'virtual-host' || step.kind === 'filter-chain');
      return [
        finding('KR406', {
          subject: proxySubject(visit),
          cause: `The mesh has no Service or ServiceEntry for ${what}, so the request goes to that address as it is: no route, subset, retry or policy of the mesh applies to it.`,
          remedy:
            'Ask by a name and port that a Service or ServiceEntry has, or ignore this if passing through is wanted.',
          evidence: decided?.evidence ?? [],
        }),
      ];
    }),
};
