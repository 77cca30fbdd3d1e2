import type { ServiceFact, ServicePort } from '../../model/kubernetes.ts';
import type { ServiceAccount } from '../../model/service-report.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/** The fields of a Service that decide how it answers, those with their default left out. */
export function specOf(service: ServiceFact): ServiceAccount['spec'] {
  const fields: readonly (readonly [string, string | null])[] = [
    ['clusterIPs', service.headless ? 'None' : list(service.clusterIPs)],
    ['externalName', service.externalName],
    ['ports', list(service.ports.map(portText))],
    ['selector', selectorText(service)],
    ['externalIPs', list(service.externalIPs)],
    ['loadBalancer.ingress', list(service.loadBalancerIngress.map(ingressText))],
    ['loadBalancerSourceRanges', list(service.loadBalancerSourceRanges)],
    ['loadBalancerClass', service.loadBalancerClass],
    ['allocateLoadBalancerNodePorts', service.allocateLoadBalancerNodePorts ? null : 'false'],
    ['healthCheckNodePort', service.healthCheckNodePort?.toString() ?? null],
    ['sessionAffinity', service.affinitySeconds === null ? null : `ClientIP, ${service.affinitySeconds} s`],
    ['internalTrafficPolicy', service.internalTrafficPolicy === 'Local' ? 'Local' : null],
    ['externalTrafficPolicy', service.externalTrafficPolicy === 'Local' ? 'Local' : null],
    ['trafficDistribution', service.trafficDistribution],
    ['publishNotReadyAddresses', service.publishNotReadyAddresses ? 'true' : null],
  ];
  return fields.flatMap(([field, value]) => (value === null ? [] : [{ field, value }]));
}

function list(texts: readonly string[]): string | null {
  return texts.length === 0 ? null : texts.join(', ');
}

function portText({ name, port, protocol, targetPort, nodePort }: ServicePort): string {
  const to = targetPort === null || targetPort === port ? '' : ` → ${targetPort}`;
  const node = nodePort === null ? '' : `, node port ${nodePort}`;
  return `${name === null ? '' : `${name} `}${port}/${protocol}${to}${node}`;
}

function ingressText({ ip, hostname, ipMode }: ServiceFact['loadBalancerIngress'][number]): string {
  const at = ip ?? hostname ?? '';
  return ipMode === 'Proxy' ? `${at} (ipMode Proxy: the load balancer itself answers)` : at;
}

function selectorText({ selector, type }: ServiceFact): string | null {
  if (type === 'ExternalName') return null;
  if (selector === null) return 'none: somebody else writes its EndpointSlices';
  return list(Object.entries(selector).map(([key, value]) => `${key}=${value}`));
}

/** The names that lead to a Service from inside the cluster; the first one only from its own namespace. */
export function serviceNames(view: ClusterView, { name, namespace }: ServiceFact): readonly string[] {
  const domain = view.nameIndex()?.dns.domain ?? 'cluster.local';
  const short = `${name}.${namespace}`;
  return [name, short, `${short}.svc`, `${short}.svc.${domain}`];
}
