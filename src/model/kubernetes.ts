import type { Cursor } from './json.ts';
import type { Selection } from './selection.ts';

/** What every object has. `cursor` stands on the object inside its List, so that any field can be cited. */
export interface ObjectFact {
  readonly kind: string;
  /** `networking.istio.io/v1`, `v1` … */
  readonly apiVersion: string;
  /** `''` for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string | null;
  readonly deletedAt: string | null;
  readonly owners: readonly { readonly kind: string; readonly name: string; readonly uid: string | null }[];
  /** Members that stand in the object but could not be read, as clauses; what depends on them is undetermined. */
  readonly notUnderstood: readonly string[];
  readonly cursor: Cursor;
}

export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP';

export interface ServicePort {
  /** null when the Service has one unnamed port. */
  readonly name: string | null;
  readonly protocol: ServiceProtocol;
  readonly port: number;
  /** A number, a container port's name, or null where the object has none. */
  readonly targetPort: number | string | null;
  readonly nodePort: number | null;
  readonly appProtocol: string | null;
  readonly cursor: Cursor;
}

export interface LoadBalancerIngress {
  readonly ip: string | null;
  readonly hostname: string | null;
  /** `VIP` (kube-proxy answers on every node) or `Proxy` (the load balancer itself answers). */
  readonly ipMode: 'VIP' | 'Proxy';
  readonly cursor: Cursor;
}

export interface ServiceFact extends ObjectFact {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
  /** Canonical addresses; `[]` for headless and ExternalName. */
  readonly clusterIPs: readonly string[];
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  /** null: no selector, somebody else writes its slices. */
  readonly selector: Readonly<Record<string, string>> | null;
  readonly externalName: string | null;
  readonly externalIPs: readonly string[];
  readonly loadBalancerIngress: readonly LoadBalancerIngress[];
  /** As written: the API server lets white space and invalid texts of older releases pass, and kube-proxy ignores the latter. */
  readonly loadBalancerSourceRanges: readonly string[];
  readonly loadBalancerClass: string | null;
  readonly allocateLoadBalancerNodePorts: boolean;
  readonly healthCheckNodePort: number | null;
  /** Seconds of ClientIP affinity; null: none. */
  readonly affinitySeconds: number | null;
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly trafficDistribution: string | null;
  readonly publishNotReadyAddresses: boolean;
  readonly ipFamilies: readonly string[];
}

export interface EndpointSliceFact extends ObjectFact {
  /** Value of kubernetes.io/service-name. */
  readonly serviceName: string | null;
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN';
  readonly ports: readonly EndpointSlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

export interface EndpointSlicePort {
  readonly name: string | null;
  readonly protocol: ServiceProtocol;
  /** null: all ports. */
  readonly port: number | null;
  readonly appProtocol: string | null;
}

export interface SliceEndpoint {
  /** Canonical addresses; kube-proxy uses the first alone. */
  readonly addresses: readonly string[];
  /** As kube-proxy 1.36 reads them (endpointslicecache.go): absent ready and serving count as true, absent terminating as false. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly nodeName: string | null;
  readonly zone: string | null;
  readonly hostname: string | null;
  readonly hintZones: readonly string[] | null;
  readonly hintNodes: readonly string[] | null;
  /** The pod behind it, when targetRef names one. */
  readonly podName: string | null;
  readonly podNamespace: string | null;
  readonly podUid: string | null;
  readonly cursor: Cursor;
}

/** A legacy core/v1 Endpoints object; a source of symptoms only, kube-proxy reads slices. */
export interface EndpointsFact extends ObjectFact {
  readonly addresses: readonly { readonly ip: string; readonly ready: boolean; readonly port: number | null }[];
}

export interface ContainerFact {
  readonly name: string;
  readonly image: string | null;
  readonly init: boolean;
  /** An init container with restartPolicy Always. */
  readonly sidecar: boolean;
  readonly args: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string | null }[];
  readonly ports: readonly {
    readonly name: string | null;
    readonly containerPort: number;
    readonly protocol: ServiceProtocol;
    readonly hostPort: number | null;
  }[];
  readonly runAsUser: number | null;
  readonly runAsGroup: number | null;
  /** From status; null when status says nothing. */
  readonly running: boolean | null;
  readonly ready: boolean | null;
  readonly startedAt: string | null;
  readonly cursor: Cursor;
}

export interface PodFact extends ObjectFact {
  readonly nodeName: string | null;
  /** Canonical; the first is podIP. */
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
  readonly phase: string | null;
  readonly ready: boolean;
  readonly startedAt: string | null;
  readonly hostname: string | null;
  readonly subdomain: string | null;
  readonly serviceAccount: string;
  readonly dnsPolicy: string;
  readonly dnsConfig: {
    readonly nameservers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly { readonly name: string; readonly value: string | null }[];
  };
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly enableServiceLinks: boolean;
  readonly runAsUser: number | null;
  readonly runAsGroup: number | null;
  /** What the pod sets `net.ipv4.ip_local_port_range` to in its network namespace, which Kubernetes counts among the safe sysctls. */
  readonly localPortRange: string | null;
  /** Containers first, then init containers. */
  readonly containers: readonly ContainerFact[];
}

export interface NodeFact extends ObjectFact {
  /** Canonical addresses of type InternalIP, then ExternalIP. */
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly podCIDRs: readonly string[];
  readonly zone: string | null;
  readonly ready: boolean | null;
}

export type NamespaceFact = ObjectFact;

export interface ConfigMapFact extends ObjectFact {
  readonly data: Readonly<Record<string, string>>;
}

export interface NetworkPolicyFact extends ObjectFact {
  readonly policyTypes: readonly ('Ingress' | 'Egress')[];
}

/** Apps: what a `deploy/name` target needs. */
export interface WorkloadFact extends ObjectFact {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly Cursor[];
}

/** Objects of one cluster, by kind. Each list is sorted by namespace and name, whatever order the artefact had (law 4). */
export interface KubernetesObjects {
  readonly services: readonly ServiceFact[];
  readonly endpointSlices: readonly EndpointSliceFact[];
  readonly endpoints: readonly EndpointsFact[];
  readonly pods: readonly PodFact[];
  /**
   * The Services in whose text this name or address stands (`name`: as the value of a member of that key), and perhaps others: of a
   * large List, only these are read.
   */
  servicesHaving(text: string, key?: 'name'): readonly ServiceFact[];
  /** As `servicesHaving`. */
  endpointSlicesHaving(text: string): readonly EndpointSliceFact[];
  /** As `servicesHaving`. */
  podsHaving(text: string, key?: 'name'): readonly PodFact[];
  readonly nodes: readonly NodeFact[];
  readonly namespaces: readonly NamespaceFact[];
  readonly configMaps: readonly ConfigMapFact[];
  readonly networkPolicies: readonly NetworkPolicyFact[];
  readonly workloads: readonly WorkloadFact[];
  readonly mutatingWebhookConfigurations: readonly ObjectFact[];
  /** ServiceCIDR objects: CIDR texts. */
  readonly serviceCIDRs: readonly { readonly cidr: string; readonly cursor: Cursor }[];
  /** networking.istio.io, security.istio.io, telemetry.istio.io, extensions.istio.io, by kind name. */
  istio(kind: string): readonly ObjectFact[];
  /**
   * Whether a List of all objects of that plural (`services`, `endpointslices` …) was captured and could be read. An empty list above
   * means "there are none" only then; otherwise nobody knows.
   */
  captured(plural: string): boolean;
  /** Whether all objects of that plural which the selection picks were captured: what is not among them is not there. */
  holds(plural: string, selection: Selection): boolean;
}
