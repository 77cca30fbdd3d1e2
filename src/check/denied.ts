import type { IstioReference } from '../model/envoy.ts';
import type { Finding } from '../model/explanation.ts';
import { capital, listText } from '../model/wording.ts';
import { finding, type Check, type CheckContext } from './check.ts';
import { objectsFor } from './istio-policies.ts';
import { objectName, proxyEnds, proxySubject, type ProxyEnd } from './proxy-ends.ts';

/** I26, I27, I29, I30: a proxy's access control says no. Proxies that say it for the same reason are told together. */
export const deniedCheck: Check = {
  code: 'KR405',
  run: (context) => {
    const denials = new Map<string, ProxyEnd[]>();
    for (const one of proxyEnds(context)) {
      if ((one.end.kind !== 'reply' && one.end.kind !== 'close') || !one.end.denied) continue;
      const { http } = one.visit.connection.request;
      const key = [why(context, one), http?.method, http?.path].join('|');
      denials.set(key, [...(denials.get(key) ?? []), one]);
    }
    return [...denials.values()].flatMap((ends) => denial(context, ends));
  },
};

function denial(context: CheckContext, ends: readonly ProxyEnd[]): readonly Finding[] {
  const [first] = ends;
  if (first === undefined) return [];
  const step = deciding(first);
  const [object] = decidingObjects(context, first);
  const { http } = first.visit.connection.request;
  const what = http === null ? 'the connection' : `${http.method} ${http.path}`;
  const status = first.end.kind === 'reply' ? ` with ${first.end.status}` : '';
  const who = listText([...new Set(ends.map(({ visit }) => proxySubject(visit)))], 4);
  const verb = ends.length > 1 ? 'deny' : 'denies';
  const named = object === undefined ? null : `${object.kind} ${object.namespace}/${object.name}`;
  return [
    finding('KR405', {
      subject: named ?? proxySubject(first.visit),
      cause: `${capital(who)} ${verb} ${what}${status}: ${why(context, first)}.`,
      remedy: remedy(first, named),
      evidence: step?.evidence ?? [],
    }),
  ];
}

/** The objects behind a refusal. A RequestAuthentication leaves no name of its own in the configuration. */
function decidingObjects(context: CheckContext, one: ProxyEnd): readonly IstioReference[] {
  if (refusesToken(one)) return objectsFor(context, 'RequestAuthentication', one.visit.pod);
  return deciding(one)?.objects ?? [];
}

function refusesToken({ end }: ProxyEnd): boolean {
  return end.kind === 'reply' && end.detail?.startsWith('jwt_authn_access_denied') === true;
}

/** @param named the object that decides; null: none is known */
function remedy(one: ProxyEnd, named: string | null): string {
  const reasons = deciding(one)?.reasons ?? [];
  const has = (text: string): boolean => reasons.some((reason) => reason.includes(text));
  if (named === null) return 'Change the policy so that it lets this request pass, or send another one.';
  if (refusesToken(one)) {
    return has('istiod could not fetch')
      ? `Let istiod reach spec.jwtRules[].jwksUri of ${named}, or put the keys into spec.jwtRules[].jwks.`
      : `Send a token that spec.jwtRules of ${named} accepts.`;
  }
  if (has('deny-due-to-bad-CUSTOM-action'))
    return `Name one of meshConfig.extensionProviders in spec.provider.name of ${named}, or define the one that it names there.`;
  if (one.end.kind === 'reply' && one.end.flag?.includes('UAEX') === true)
    return `Give the service behind spec.provider of ${named} an endpoint.`;
  return `Change spec.rules of ${named} so that this request passes, or send another method, path or identity.`;
}

function deciding({ outcome }: ProxyEnd) {
  return (
    outcome.steps.findLast((one) => one.action === 'denied') ?? outcome.steps.findLast((one) => one.kind !== 'reply')
  );
}

function why(context: CheckContext, one: ProxyEnd): string {
  const step = deciding(one);
  const objects = decidingObjects(context, one);
  const [object] = objects;
  const reasons = step?.reasons ?? [];
  if (object !== undefined && refusesToken(one)) return `${reasons.join('; ')} (${listText(objects.map(objectName))})`;
  if (step !== undefined && object !== undefined && object.part === undefined)
    return `no rule of ${listText(objects.map(objectName))} allows it`;
  const by = object === undefined ? 'its access control' : objectName(object);
  return `${by} applies${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}
