import type { Finding } from '../model/explanation.ts';
import { capital, listText } from '../model/wording.ts';
import { finding, type Check } from './check.ts';
import { objectName, proxyEnds, proxySubject, type ProxyEnd } from './proxy-ends.ts';

/** I26, I27: a proxy's access control says no. Proxies that say it for the same reason are told together. */
export const deniedCheck: Check = {
  code: 'KR405',
  run: (context) => {
    const denials = new Map<string, ProxyEnd[]>();
    for (const one of proxyEnds(context)) {
      if ((one.end.kind !== 'reply' && one.end.kind !== 'close') || !one.end.denied) continue;
      const { http } = one.visit.connection.request;
      const key = [why(one), http?.method, http?.path].join('|');
      denials.set(key, [...(denials.get(key) ?? []), one]);
    }
    return [...denials.values()].flatMap(denial);
  },
};

function denial(ends: readonly ProxyEnd[]): readonly Finding[] {
  const [first] = ends;
  if (first === undefined) return [];
  const step = deciding(first);
  const object = step?.objects[0];
  const { http } = first.visit.connection.request;
  const what = http === null ? 'the connection' : `${http.method} ${http.path}`;
  const status = first.end.kind === 'reply' ? ` with ${first.end.status}` : '';
  const who = listText([...new Set(ends.map(({ visit }) => proxySubject(visit)))], 4);
  const verb = ends.length > 1 ? 'deny' : 'denies';
  const named = object === undefined ? null : `${object.kind} ${object.namespace}/${object.name}`;
  return [
    finding('KR405', {
      subject: named ?? proxySubject(first.visit),
      cause: `${capital(who)} ${verb} ${what}${status}: ${why(first)}.`,
      remedy:
        named === null
          ? 'Change the policy so that it lets this request pass, or send another one.'
          : `Change spec.rules of ${named} so that this request passes, or send another method, path or identity.`,
      evidence: step?.evidence ?? [],
    }),
  ];
}

function deciding({ outcome }: ProxyEnd) {
  return (
    outcome.steps.findLast((one) => one.action === 'denied') ?? outcome.steps.findLast((one) => one.kind !== 'reply')
  );
}

function why(one: ProxyEnd): string {
  const step = deciding(one);
  const object = step?.objects[0];
  if (step !== undefined && object !== undefined && object.part === undefined)
    return `no rule of ${listText(step.objects.map(objectName))} allows it`;
  const by = object === undefined ? 'its access control' : objectName(object);
  return `${by} applies${step === undefined || step.reasons.length === 0 ? '' : ` (${step.reasons.join('; ')})`}`;
}
