import type { KubernetesObject } from '../control-plane/objects.ts';

/** How kube-proxy programs the nodes. */
export type ProxyMode = 'iptables' | 'iptables-legacy' | 'nftables';

/**
 * `kubelets`: real kubelets run the pods (the default). `light`: pods are objects with a status, and kube-proxy is a process in each
 * node's namespace. `objects`: etcd and kube-apiserver alone.
 */
export type ClusterKind = 'kubelets' | 'light' | 'objects';

/** An application pod. It runs the lab's agent, which says who it is on each of its ports. */
export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `default` unless told. */
  readonly serviceAccount?: string;
  readonly ports?: readonly PodPort[];
  /** A pod that is never ready has a readiness probe that fails. */
  readonly ready?: boolean;
  /** Deleted after it became ready, with a grace period of ten minutes: it goes on answering while it terminates. */
  readonly terminating?: boolean;
  readonly hostNetwork?: boolean;
}

interface PodPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** Where it is bound; all addresses unless told. */
  readonly address?: string;
  /** On TCP: HTTP, the same in TLS with a certificate of its own, or a line of text at once. `TCP` ports speak HTTP unless told. */
  readonly speaks?: 'http' | 'https' | 'text';
}

/** How Istio is installed. */
export interface IstioSettings {
  /** Whether the API server has the kinds of Gateway API. */
  readonly gatewayApi?: true;
  /** As `istioctl install --set` takes them: `meshConfig.outboundTrafficPolicy.mode=REGISTRY_ONLY`. */
  readonly set?: readonly string[];
}

/** What a cluster consists of, as data. */
export interface Topology {
  readonly nodes: readonly string[];
  readonly pods: readonly PodSpec[];
  /** Everything else, in the order in which it is applied. A `status` is patched in afterwards. */
  readonly objects: readonly KubernetesObject[];
  /** External addresses that the router sends to another node than the first. */
  readonly externalVia?: Readonly<Record<string, string>>;
  /** Istio is installed before the pods start, and objects of its kinds after it. */
  readonly istio?: IstioSettings;
}
