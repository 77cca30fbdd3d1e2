import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { ServiceFact, ServicePort } from '../../model/kubernetes.ts';
import { collectEndpoints, type ProxiedEndpoint } from './endpoints.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { acceptsNodePorts } from './node.ts';
import { ofFamily, proxiedPorts } from './service-port.ts';
import { categorizeEndpoints } from './topology.ts';

/** One address and port at which a Service answers on a node. */
export interface ServiceAddress {
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly kind: ServiceAddressKind;
  readonly servicePort: ServicePort;
}

/** Protocols of Services as flows have them. */
export const PROTOCOLS = { TCP: 'tcp', UDP: 'udp', SCTP: 'sctp' } as const;

/**
 * Every address and port at which a Service answers on a node, in the order of the Service's ports: cluster IP, external IPs, load
 * balancer addresses with ipMode VIP, and node ports at each address of the node that takes them (loopback in iptables mode).
 */
export function serviceAddresses(
  input: Omit<KubeProxyInput, 'index' | 'serviceCIDRs'>,
  service: ServiceFact,
): ServiceAddress[] {
  const { node, config, mode } = input;
  return proxiedPorts(service).flatMap((proxied) => {
    const { port } = proxied;
    const protocol = PROTOCOLS[port.protocol];
    const at = (addresses: Iterable<string>, number: number, kind: ServiceAddressKind): ServiceAddress[] =>
      [...addresses].map((address) => ({ address, port: number, protocol, kind, servicePort: port }));
    const own = ofFamily(node.localAddresses ?? node.nodeIPs, proxied.family);
    const loopback = proxied.family === 4 ? ['127.0.0.1'] : ['::1'];
    const nodeAddresses = new Set(
      [...own, ...loopback].filter((address) => acceptsNodePorts(node, config, mode, address)),
    );
    return [
      ...at([proxied.clusterIP], port.port, 'clusterIP'),
      ...at(new Set(proxied.externalIPs), port.port, 'externalIP'),
      ...at(new Set(proxied.loadBalancerVIPs), port.port, 'loadBalancerIP'),
      ...(port.nodePort === null ? [] : at(nodeAddresses, port.nodePort, 'nodePort')),
    ];
  });
}

/** What a node uses of a Service port's endpoints, in one family. */
export interface UsableEndpoints {
  readonly family: 4 | 6;
  /** Every endpoint that kube-proxy knows, usable or not. */
  readonly all: readonly ProxiedEndpoint[];
  /** For traffic policy Cluster, after hints; empty when the Service never uses it. */
  readonly cluster: readonly ProxiedEndpoint[];
  /** For traffic policy Local; empty when the Service never uses it. */
  readonly local: readonly ProxiedEndpoint[];
  readonly reasons: readonly string[];
}

/** The endpoints of a Service port that this node uses, for each family in which the Service has a cluster IP. */
export function usableEndpoints(
  input: Pick<KubeProxyInput, 'index' | 'node'>,
  service: ServiceFact,
  port: ServicePort,
): UsableEndpoints[] {
  const { index, node } = input;
  return proxiedPorts(service)
    .filter((proxied) => proxied.port === port)
    .map((proxied) => {
      const all = collectEndpoints(proxied, index.slices(service), node.name);
      const chosen = categorizeEndpoints(all, proxied, node.name, node.zone);
      const reasons = [...chosen.clusterReasons, ...chosen.localReasons];
      return { family: proxied.family, all, cluster: chosen.cluster, local: chosen.local, reasons };
    });
}
