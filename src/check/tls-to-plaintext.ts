import type { Evidence } from '../model/evidence.ts';
import { finding, visitsOf, type Check, type CheckContext } from './check.ts';
import { tlsSetting } from './destination-rule.ts';
import { istioObjectName } from './istio-policies.ts';
import { proxyEnds, proxySubject, type ProxyEnd } from './proxy-ends.ts';
import { clientProxyOf } from './tls-pair.ts';

/** I21, I23: a proxy speaks TLS, and at the other end nobody ends it. */
export const tlsToPlaintextCheck: Check = {
  code: 'KR411',
  run: (context) =>
    proxyEnds(context).flatMap((client) => {
      const { end, visit } = client;
      if (end.kind !== 'upstream' || end.tls === 'none' || end.tls === 'unknown') return [];
      const server = whoReadsBytes(context, client);
      if (server === undefined) return [];
      const setting = tlsSetting(context, client.outcome);
      const name = setting === undefined ? null : istioObjectName(setting.object);
      const why = setting === undefined ? '' : `: ${name} sets ${setting.field} to ${setting.cursor.string() ?? ''}`;
      return [
        finding('KR411', {
          subject: name ?? proxySubject(visit),
          cause: `${name === null ? 'It' : `The proxy of pod ${visit.pod.namespace}/${visit.pod.name}`} speaks TLS to port ${end.port} of ${server.name}, which speaks plain text${why}.`,
          remedy:
            setting === undefined
              ? `Let ${server.name} take TLS there (a proxy, and no PeerAuthentication with mode DISABLE).`
              : `Set ${setting.field} of ${name} to DISABLE, or leave it out; or let ${server.name} take TLS there (a proxy, and no PeerAuthentication with mode DISABLE).`,
          evidence: [...(setting === undefined ? [] : [setting.cursor.evidence()]), ...server.evidence],
        }),
      ];
    }),
};

interface Reader {
  readonly name: string;
  readonly evidence: readonly Evidence[];
}

/**
 * Who does not end the TLS of a client: the proxy of the server, which reads it as HTTP, has no filter chain for it, or hands it on as it
 * is; or without a proxy the application.
 */
function whoReadsBytes(context: CheckContext, client: ProxyEnd): Reader | undefined {
  const { end } = client;
  if (end.kind !== 'upstream') return undefined;
  const servers = visitsOf(context, 'proxy').filter((visit) => clientProxyOf(context, visit)?.visit === client.visit);
  for (const { pod, outcomes } of servers) {
    const misread = outcomes.find(
      ({ end: how }) =>
        how.kind === 'close' && how.handshake !== undefined && (how.flag === 'DPE' || how.flag === 'NR'),
    );
    const passed = outcomes.find((outcome) => outcome.end.kind === 'upstream' && outcome.end.request.tls !== null);
    const found = misread ?? passed;
    if (found === undefined) continue;
    const chain = found.steps.findLast((step) => step.kind === 'filter-chain');
    return { name: `pod ${pod.namespace}/${pod.name}`, evidence: chain?.evidence ?? [] };
  }
  if (servers.length > 0 || end.tls !== 'istio-mutual') return undefined;
  const socket = visitsOf(context, 'socket').find(
    ({ flow }) => flow.destination === end.address && flow.destinationPort === end.port,
  );
  if (socket?.owner.kind !== 'pod') return undefined;
  const { pod } = socket.owner;
  return {
    name: `pod ${pod.namespace}/${pod.name}`,
    evidence: socket.listening?.map(({ evidence }) => evidence) ?? [],
  };
}
