import type { EnvoyStep, IstioReference } from '../model/envoy.ts';
import type { Finding } from '../model/explanation.ts';
import { capital, listText } from '../model/wording.ts';
import { finding, type Check, type CheckContext } from './check.ts';
import { objectsFor } from './istio-policies.ts';
import { objectName, proxyEnds, proxySubject, type ProxyEnd } from './proxy-ends.ts';

/** A refusal by one proxy, and what is behind it. */
interface Denial {
  readonly one: ProxyEnd;
  /** The step that decided. */
  readonly step: EnvoyStep | undefined;
  /** The objects that the step, or the pod's RequestAuthentications, come from; a RequestAuthentication leaves no name in the configuration. */
  readonly objects: readonly IstioReference[];
  /** A token was refused, or is missing. */
  readonly byToken: boolean;
}

/** I26, I27, I29, I30: a proxy's access control says no. Proxies that say it for the same reason are told together. */
export const deniedCheck: Check = {
  code: 'KR405',
  run: (context) => {
    const denials = new Map<string, Denial[]>();
    for (const one of proxyEnds(context)) {
      if ((one.end.kind !== 'reply' && one.end.kind !== 'close') || !one.end.denied) continue;
      const denial = readDenial(context, one);
      const { http } = one.visit.connection.request;
      const key = [why(denial), http?.method, http?.path].join('|');
      denials.set(key, [...(denials.get(key) ?? []), denial]);
    }
    return [...denials.values()].flatMap((alike) => told(alike));
  },
};

function readDenial(context: CheckContext, one: ProxyEnd): Denial {
  const { steps } = one.outcome;
  const step = steps.findLast(({ action }) => action === 'denied') ?? steps.findLast(({ kind }) => kind !== 'reply');
  const byToken = one.end.kind === 'reply' && one.end.detail?.startsWith('jwt_authn_access_denied') === true;
  const objects = byToken ? objectsFor(context, 'RequestAuthentication', one.visit.pod) : (step?.objects ?? []);
  return { one, step, objects, byToken };
}

/** @param denials for one reason */
function told(denials: readonly Denial[]): readonly Finding[] {
  const [denial] = denials;
  if (denial === undefined) return [];
  const { one, step } = denial;
  const [object] = denial.objects;
  const { http } = one.visit.connection.request;
  const what = http === null ? 'the connection' : `${http.method} ${http.path}`;
  const status = one.end.kind === 'reply' ? ` with ${one.end.status}` : '';
  const who = listText([...new Set(denials.map((each) => proxySubject(each.one.visit)))], 4);
  const verb = denials.length > 1 ? 'deny' : 'denies';
  const named = object === undefined ? null : `${object.kind} ${object.namespace}/${object.name}`;
  return [
    finding('KR405', {
      subject: named ?? proxySubject(one.visit),
      cause: `${capital(who)} ${verb} ${what}${status}: ${why(denial)}.`,
      remedy: remedy(denial, named),
      evidence: step?.evidence ?? [],
    }),
  ];
}

/** @param named the object that decides; null: none is known */
function remedy({ one, step, byToken }: Denial, named: string | null): string {
  const has = (text: string): boolean => step?.reasons.some((reason) => reason.includes(text)) === true;
  if (named === null) return 'Change the policy so that it lets this request pass, or send another one.';
  if (byToken) {
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

function why({ step, objects, byToken }: Denial): string {
  const [object] = objects;
  const reasons = step?.reasons ?? [];
  if (object !== undefined && byToken) return `${reasons.join('; ')} (${listText(objects.map(objectName))})`;
  if (step !== undefined && object !== undefined && object.part === undefined)
    return `no rule of ${listText(objects.map(objectName))} allows it`;
  const by = object === undefined ? 'its access control' : objectName(object);
  return `${by} applies${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}
