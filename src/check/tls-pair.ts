import { hasProxy } from '../model/proxy-pod.ts';
import type { ProxyVisit } from '../model/trace.ts';
import type { CheckContext } from './check.ts';
import { tlsSetting } from './destination-rule.ts';
import { istioObjectName } from './istio-policies.ts';
import { proxyEnds, type ProxyEnd } from './proxy-ends.ts';

/** Annotations by which a port or address goes past the proxy of the pod that dials it. */
const PAST_THE_PROXY = ['excludeOutboundPorts', 'excludeOutboundIPRanges', 'includeOutboundIPRanges'].map(
  (name) => `traffic.sidecar.istio.io/${name}`,
);
/** Where istiod sends what it does not know (pilot/pkg/networking/util). */
const PASSTHROUGH = 'PassthroughCluster';

/**
 * The way through another proxy that leads to this one: to its very address, or to wherever the client asked, which a node then
 * translates. undefined: the client dials it without one.
 */
export function clientProxyOf(context: CheckContext, server: ProxyVisit): ProxyEnd | undefined {
  const before = proxyEnds(context).filter(({ visit, end }) => end.kind === 'upstream' && visit !== server);
  const { pod, connection } = server;
  return (
    before.find(
      ({ end }) => end.kind === 'upstream' && pod.ips.includes(end.address) && end.port === connection.originalPort,
    ) ?? before.find(({ cluster, visit }) => cluster?.name === PASSTHROUGH && visit.pod !== pod)
  );
}

/** Why a connection reaches a server as plain text, and what would make it TLS: two clauses. */
export function whyPlain(
  context: CheckContext,
  client: ProxyEnd | undefined,
): { readonly why: string; readonly remedy: string } {
  if (client !== undefined) {
    const setting = tlsSetting(context, client.outcome);
    if (setting !== undefined) {
      const name = istioObjectName(setting.object);
      return {
        why: `${name} sets ${setting.field} to ${setting.cursor.string() ?? ''}`,
        remedy: `Set ${setting.field} of ${name} to ISTIO_MUTUAL, or leave it out`,
      };
    }
    const cluster = client.cluster?.name ?? '';
    const passes = cluster === PASSTHROUGH;
    return {
      why: passes
        ? 'its proxy does not know the destination and passes the bytes on'
        : `its cluster ${cluster} has no TLS`,
      remedy: passes ? 'Ask by a name and port that a Service declares' : 'Let the cluster use mutual TLS',
    };
  }
  const { source } = context.trace.question;
  if (source.kind !== 'pod') return { why: 'the client has no proxy', remedy: 'Ask through a gateway' };
  const { pod } = source;
  const name = `pod ${pod.namespace}/${pod.name}`;
  if (!hasProxy(pod)) return { why: `${name} has no proxy`, remedy: `Inject a proxy into ${name}` };
  const annotation = PAST_THE_PROXY.find((key) => pod.annotations[key] !== undefined);
  return {
    why:
      annotation === undefined
        ? `the connection goes past the proxy of ${name}`
        : `the connection goes past the proxy of ${name} by its annotation ${annotation}`,
    remedy: `Let the proxy of ${name} take the connection${annotation === undefined ? '' : `: change ${annotation}`}`,
  };
}
