import type { Flow } from '../../model/flow.ts';
import type { ProxiedEndpoint } from './endpoints.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { endpointsOn } from './topology.ts';

/**
 * Whether a packet is masqueraded because it goes back to its sender. iptables mode writes that rule into the chain of each
 * endpoint; nftables and IPVS mode keep one set of the node's own endpoints for all Services (hairpin-connections, KUBE-LOOP-BACK),
 * so an endpoint that one Service does not know to be local counts as soon as another does.
 */
export function hairpin(input: KubeProxyInput, flow: Flow, endpoint: ProxiedEndpoint): boolean {
  if (flow.source !== endpoint.ip) return false;
  if (input.mode === 'iptables' || endpoint.local) return true;
  const { index, node } = input;
  return index.portsWithEndpoint(endpoint.ip).some((proxied) => {
    if (proxied.port.protocol.toLowerCase() !== flow.protocol) return false;
    const { all, chosen } = endpointsOn(node, proxied, index.slices(proxied.service));
    // nftables: the endpoints reachable from this node; IPVS: all of them
    const known = input.mode === 'ipvs' ? all : [...chosen.cluster, ...chosen.local];
    return known.some((one) => one.local && one.text === endpoint.text);
  });
}
