import { PROTOCOLS, type ServiceAddress } from '../../evaluate/kube-proxy/service-addresses.ts';
import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { NodeFact, ServiceFact } from '../../model/kubernetes.ts';

/**
 * Every address and port that a Service has on a node: cluster IPs, external IPs, addresses of load balancers that kube-proxy answers for
 * (ipMode VIP), and each node port at the node's first address of a family.
 */
export function addressesOf(service: ServiceFact, node: NodeFact | undefined): readonly ServiceAddress[] {
  const balancers = service.loadBalancerIngress.flatMap(({ ip, ipMode }) =>
    ip !== null && ipMode === 'VIP' ? [ip] : [],
  );
  return service.ports.flatMap((servicePort) => {
    const protocol = PROTOCOLS[servicePort.protocol];
    const at = (addresses: readonly string[], port: number, kind: ServiceAddressKind): readonly ServiceAddress[] =>
      [...new Set(addresses)].map((address) => ({ address, port, protocol, kind, servicePort }));
    const own = [4, 6].flatMap((family) => {
      const served = service.clusterIPs.some((ip) => ip.includes(':') === (family === 6));
      const found = node?.addresses.find(({ address }) => address.includes(':') === (family === 6));
      return served && found !== undefined ? [found.address] : [];
    });
    return [
      ...at(service.clusterIPs, servicePort.port, 'clusterIP'),
      ...at(service.externalIPs, servicePort.port, 'externalIP'),
      ...at(balancers, servicePort.port, 'loadBalancerIP'),
      ...(servicePort.nodePort === null ? [] : at(own, servicePort.nodePort, 'nodePort')),
    ];
  });
}
