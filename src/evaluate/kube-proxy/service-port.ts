import { contains, parseAddress, parsePrefix, type Family, type Prefix } from '../../model/address.ts';
import type { ServiceFact, ServicePort } from '../../model/kubernetes.ts';

/** One port of a Service in one address family, as kube-proxy sees it (pkg/proxy/serviceport.go, BaseServicePortInfo). */
export interface ProxiedPort {
  readonly service: ServiceFact;
  readonly port: ServicePort;
  readonly family: Family;
  readonly clusterIP: string;
  readonly externalIPs: readonly string[];
  /** Load balancer addresses with ipMode VIP. */
  readonly loadBalancerVIPs: readonly string[];
  /** Empty: everybody may come. */
  readonly sourceRanges: readonly Prefix[];
  readonly externalPolicyLocal: boolean;
  readonly internalPolicyLocal: boolean;
  /** Reachable by something other than the cluster IP. */
  readonly externallyAccessible: boolean;
  readonly usesClusterEndpoints: boolean;
  readonly usesLocalEndpoints: boolean;
}

/**
 * Whether kube-proxy handles a Service at all: not ExternalName, not headless, not handed to another proxy by the label
 * service.kubernetes.io/service-proxy-name (cmd/kube-proxy/app/server.go; pkg/proxy/util/utils.go, ShouldSkipService).
 */
function isProxied(service: ServiceFact): boolean {
  if (service.headless || service.type === 'ExternalName') return false;
  return service.clusterIPs.length > 0 && !Object.hasOwn(service.labels, 'service.kubernetes.io/service-proxy-name');
}

/** The ports of a Service that kube-proxy programs, in each family that has a cluster IP. */
export function proxiedPorts(service: ServiceFact): ProxiedPort[] {
  if (!isProxied(service)) return [];
  return ([4, 6] as const).flatMap((family) => {
    const clusterIP = ofFamily(service.clusterIPs, family)[0];
    return clusterIP === undefined ? [] : service.ports.map((port) => proxiedPort(service, port, family, clusterIP));
  });
}

function proxiedPort(service: ServiceFact, port: ServicePort, family: Family, clusterIP: string): ProxiedPort {
  const externalIPs = ofFamily(service.externalIPs, family);
  const loadBalancerVIPs = ofFamily(
    service.loadBalancerIngress.flatMap(({ ip, ipMode }) => (ip !== null && ipMode === 'VIP' ? [ip] : [])),
    family,
  );
  const accessible = port.nodePort !== null || loadBalancerVIPs.length > 0 || externalIPs.length > 0;
  const externalPolicyLocal = service.externalTrafficPolicy === 'Local' && hasExternalPolicy(service);
  const internalPolicyLocal = service.internalTrafficPolicy === 'Local';
  return {
    service,
    port,
    family,
    clusterIP,
    externalIPs,
    loadBalancerVIPs,
    sourceRanges: sourceRanges(service.loadBalancerSourceRanges, family),
    externalPolicyLocal,
    internalPolicyLocal,
    externallyAccessible: accessible,
    usesClusterEndpoints: !internalPolicyLocal || accessible,
    usesLocalEndpoints: internalPolicyLocal || (externalPolicyLocal && accessible),
  };
}

/** pkg/api/v1/service/util.go, ExternallyAccessible */
function hasExternalPolicy(service: ServiceFact): boolean {
  if (service.type === 'LoadBalancer' || service.type === 'NodePort') return true;
  return service.type === 'ClusterIP' && service.externalIPs.length > 0;
}

/** Texts that are no CIDR are ignored; a range of everything is the same as none (serviceport.go, newBaseServiceInfo). */
function sourceRanges(texts: readonly string[], family: Family): readonly Prefix[] {
  const ranges = texts.flatMap((text) => {
    const trimmed = text.trim();
    const range = /\/\d{1,3}$/.test(trimmed) ? parsePrefix(trimmed) : undefined;
    return range?.family === family ? [range] : [];
  });
  return ranges.some((range) => range.mask === 0n) ? [] : ranges;
}

/** The addresses of one family, in order. */
export function ofFamily(addresses: readonly string[], family: Family): string[] {
  return addresses.filter((text) => text.includes(':') === (family === 6));
}

/** Whether an address lies in any of the ranges. */
export function inRanges(ranges: readonly Prefix[], text: string): boolean {
  const address = parseAddress(text);
  return address !== undefined && ranges.some((range) => contains(range, address));
}

/** `shop/web:http`, as kube-proxy names a Service port; without the colon when the port has no name. */
export function portName(service: ServiceFact, port: ServicePort): string {
  const name = `${service.namespace}/${service.name}`;
  return port.name === null ? name : `${name}:${port.name}`;
}
