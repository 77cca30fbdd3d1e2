import { finding, type Check } from './check.ts';
import { proxyEnds, proxySubject } from './proxy-ends.ts';

/** I11, I12, I13: the proxy has no way for this host, path or connection. */
export const noRouteCheck: Check = {
  code: 'KR403',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if (end.kind === 'upstream' || end.kind === 'undetermined' || end.flag !== 'NR') return [];
      const { http } = visit.connection.request;
      const last = outcome.steps.findLast((step) => step.kind !== 'reply');
      const found = outcome.steps.findLast((step) => step.kind === 'virtual-host' && step.action === 'selected');
      const asked =
        http === null
          ? 'the connection'
          : found === undefined
            ? `the host ${http.authority}`
            : `${http.method} ${http.path}`;
      const remedy =
        http === null
          ? 'Give the listener a filter chain for such connections (port, protocol, SNI).'
          : found === undefined
            ? `Add ${http.authority} to the hosts of the Gateway and of a VirtualService bound to it, or ask for a host that they have.`
            : `Add a match for ${http.path} to the VirtualService of this host, or ask for a path that it routes.`;
      return [
        finding('KR403', {
          subject: proxySubject(visit),
          cause: `It has no ${http === null ? 'filter chain' : found === undefined ? 'virtual host' : 'route'} for ${asked}${http === null ? '' : ', so it answers 404 (NR)'}.`,
          remedy,
          evidence: last?.evidence ?? [],
        }),
      ];
    }),
};
