import type { Evidence } from './evidence.ts';
import type { EndpointSliceFact, ServiceFact, ServicePort, SliceEndpoint } from './kubernetes.ts';
import type { Unknown, Weighted } from './branching.ts';

export type KubeProxyMode = 'userspace' | 'iptables' | 'ipvs' | 'nftables';

/** The part of KubeProxyConfiguration that decides what is programmed, with kube-proxy's defaults filled in. */
export interface KubeProxyConfig {
  /** false: nobody asked this kube-proxy, and no rules show it; all of this is its defaults. */
  readonly captured: boolean;
  /** null: neither proxyMode nor configz nor rules tell. */
  readonly mode: KubeProxyMode | null;
  readonly clusterCIDRs: readonly string[];
  /** `ClusterCIDR`, `NodeCIDR`, `BridgeInterface`, `InterfaceNamePrefix`. */
  readonly detectLocalMode: string;
  readonly bridgeInterface: string | null;
  readonly interfaceNamePrefix: string | null;
  readonly masqueradeAll: boolean;
  readonly masqueradeBit: number;
  readonly localhostNodePorts: boolean;
  /** CIDRs, or `primary` alone: the node's IPs. Empty: all addresses, in nftables mode `primary` (cmd/kube-proxy/app/server_linux.go). */
  readonly nodePortAddresses: readonly string[];
  /** IPVS scheduler; absent or empty is `rr` (pkg/proxy/ipvs/proxier.go). */
  readonly ipvsScheduler?: string;
  readonly hostnameOverride: string | null;
  readonly evidence: readonly Evidence[];
}

/** Why an address and port belong to a Service. */
export type ServiceAddressKind = 'clusterIP' | 'externalIP' | 'loadBalancerIP' | 'nodePort';

/** What the API objects ask a node to do with the first packet of a connection. */
export interface IntendedOutcome extends Weighted {
  readonly action:
    /** to an endpoint */
    | 'dnat'
    /** no usable endpoint: ICMP port unreachable */
    | 'reject'
    /** policy Local without local endpoint, or a source outside loadBalancerSourceRanges */
    | 'drop'
    /** accepted as it is: nobody's Service address, or the load balancer's own business */
    | 'pass'
    /** depends on something that is not known: `unknown` tells what */
    | 'undetermined';
  readonly service: ServiceFact | null;
  readonly port: ServicePort | null;
  readonly addressKind: ServiceAddressKind | null;
  readonly slice: EndpointSliceFact | null;
  readonly endpoint: SliceEndpoint | null;
  readonly destination: { readonly ip: string; readonly port: number } | null;
  /** null: depends on the incoming interface, which is not known. */
  readonly masquerade: boolean | null;
  /** Clauses that name the fields which led here: `internalTrafficPolicy is Local`. */
  readonly reasons: readonly string[];
  readonly evidence: readonly Evidence[];
  /** For `undetermined`: why. */
  readonly unknown?: Unknown;
}
