import type { Cursor } from '../model/json.ts';
import type { ObjectFact } from '../model/kubernetes.ts';
import type { ProxyVisit } from '../model/trace.ts';
import { listText } from '../model/wording.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { gatewaysOf, istioObjectName, selectsPod, strictPeerAuthentication } from './istio-policies.ts';
import { objectName, proxyEnds, proxySubject } from './proxy-ends.ts';
import { clientProxyOf } from './tls-pair.ts';

/** I11, I12, I13, I51, I53, I54: the proxy has no way for this host, path or connection. */
export const noRouteCheck: Check = {
  code: 'KR403',
  run: (context) =>
    proxyEnds(context).flatMap(({ visit, outcome, end }) => {
      if (end.kind === 'upstream' || end.kind === 'undetermined' || end.flag !== 'NR') return [];
      const { http, tls } = visit.connection.request;
      const last = outcome.steps.findLast((step) => step.kind !== 'reply');
      const evidence = last?.evidence ?? [];
      const subject = proxySubject(visit);
      if (end.kind === 'close' || http === null) {
        // KR410 tells of plain text to a server that takes mutual TLS alone, KR411 of a proxy's TLS that nobody takes.
        const strict = strictPeerAuthentication(context, visit.pod, visit.connection.originalPort);
        if (tls === null ? strict !== undefined : clientProxyOf(context, visit) !== undefined) return [];
        const name = tls?.sni ?? null;
        if (name === null || gatewaysOf(context, visit.pod).length === 0) {
          const cause = 'It has no filter chain for the connection.';
          const remedy = 'Give the listener a filter chain for such connections (port, protocol, SNI).';
          return [finding('KR403', { subject, cause, remedy, evidence })];
        }
        const unfit = unfitObjects(context, visit, name);
        return [
          finding('KR403', {
            subject,
            cause: `It has no filter chain for TLS to the server name ${name}, so it closes the connection${reasonsOf(unfit)}.`,
            remedy: `Add ${name} to spec.servers[].hosts, of a server with TLS, of the Gateway, or ask for a host that it has.`,
            evidence: [...evidence, ...unfit.map(({ cursor }) => cursor.evidence())],
          }),
        ];
      }
      const found = outcome.steps.findLast((step) => step.kind === 'virtual-host' && step.action === 'selected');
      // A gateway whose Gateways no VirtualService is bound to has a virtual host for everything, without routes.
      if (found === undefined || found.name.startsWith('blackhole:')) {
        const unfit = unfitObjects(context, visit, http.authority);
        return [
          finding('KR403', {
            subject,
            cause: `It has no virtual host for the host ${http.authority}, so it answers 404 (NR)${reasonsOf(unfit)}.`,
            remedy: `Add ${http.authority} to the hosts of the Gateway and of a VirtualService bound to it, or ask for a host that they have.`,
            evidence: [...evidence, ...unfit.map(({ cursor }) => cursor.evidence())],
          }),
        ];
      }
      const origins = last?.objects.map(objectName) ?? [];
      const where = origins.length === 0 ? 'the VirtualService of this host' : listText(origins);
      return [
        finding('KR403', {
          subject,
          cause: `It has no route for ${http.method} ${http.path}, so it answers 404 (NR).`,
          remedy: `Add a match for ${http.path} to spec.http[].match of ${where}, or ask for a path that it routes.`,
          evidence,
        }),
      ];
    }),
};

function reasonsOf(unfit: readonly Unfit[]): string {
  return unfit.length === 0 ? '' : `: ${listText(unfit.map((one) => one.why))}`;
}

interface Unfit {
  readonly why: string;
  readonly cursor: Cursor;
}

/** VirtualServices and Gateways that have the host, and why they bring no route for it to this gateway. */
function unfitObjects(context: CheckContext, { pod }: ProxyVisit, authority: string): readonly Unfit[] {
  const host = authority.replace(/:\d+$/, '').toLowerCase();
  const objects = objectsOf(context);
  const gateways = new Map((objects?.istio('Gateway') ?? []).map((one) => [`${one.namespace}/${one.name}`, one]));
  return (objects?.istio('VirtualService') ?? []).flatMap((service) => {
    const { cursor, namespace } = service;
    if (
      !cursor
        .at('spec', 'hosts')
        .strings()
        .some((own) => matchesHost(own, host))
    )
      return [];
    const bound = cursor.at('spec', 'gateways').items();
    return bound.flatMap((gateway) => {
      const text = gateway.string() ?? '';
      if (text === 'mesh') return [];
      const name = text.includes('/') ? text : `${namespace}/${text}`;
      const about = `${istioObjectName(service)} has the host`;
      const object = gateways.get(name);
      if (object === undefined)
        return [{ why: `${about}, and its spec.gateways name Gateway ${name}, which is not there`, cursor: gateway }];
      return whyUnfit(object, pod, host).map((why) => ({
        why: `${about}, and ${istioObjectName(object)} ${why.text}`,
        cursor: why.cursor,
      }));
    });
  });
}

function whyUnfit(
  gateway: ObjectFact,
  pod: ProxyVisit['pod'],
  host: string,
): readonly { readonly text: string; readonly cursor: Cursor }[] {
  const { cursor } = gateway;
  if (!selectsPod(gateway, pod))
    return [{ text: 'does not select this workload by its spec.selector', cursor: cursor.at('spec', 'selector') }];
  const servers = cursor.at('spec', 'servers');
  const hosts = servers.items().flatMap((server) => server.at('hosts').strings());
  const own = hosts.map((one) => one.slice(one.indexOf('/') + 1));
  if (own.some((one) => matchesHost(one, host))) return [];
  return [{ text: 'has it not among its spec.servers[].hosts', cursor: servers }];
}

/** Whether a host of an Istio object, perhaps with a wildcard in front, takes a name. */
function matchesHost(pattern: string, host: string): boolean {
  const own = pattern.toLowerCase();
  return own === '*' || own === host || (own.startsWith('*') && host.endsWith(own.slice(1)));
}
