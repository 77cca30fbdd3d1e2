import { finding, type Check } from './check.ts';
import { objectName, proxyEnds, proxySubject } from './proxy-ends.ts';

/** I26, I27: the proxy's access control says no. */
export const deniedCheck: Check = {
  code: 'KR405',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if ((end.kind !== 'reply' && end.kind !== 'close') || !end.denied) return [];
      const step = outcome.steps.findLast((one) => one.action === 'denied');
      const object = step?.objects[0];
      const { http } = visit.connection.request;
      const what = http === null ? 'the connection' : `${http.method} ${http.path}`;
      const status = end.kind === 'reply' ? ` with ${end.status}` : '';
      const by = object === undefined ? 'its access control' : objectName(object);
      return [
        finding('KR405', {
          subject: object === undefined ? proxySubject(visit) : `${object.kind} ${object.namespace}/${object.name}`,
          cause: `${proxySubject(visit)} denies ${what}${status}: ${by} applies${step === undefined || step.reasons.length === 0 ? '' : ` (${step.reasons.join('; ')})`}.`,
          remedy:
            object === undefined
              ? 'Change the policy so that it lets this request pass, or send another one.'
              : `Change the rules of ${object.kind} ${object.namespace}/${object.name} so that they let this request pass.`,
          evidence: step?.evidence ?? [],
        }),
      ];
    }),
};
