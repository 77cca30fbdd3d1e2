import type { Family } from './address.ts';
import type { Artefact, Gap } from './artefact.ts';
import type { CiliumServices } from './cilium.ts';
import type { EnvoyFacts } from './envoy.ts';
import type { IpvsConnection, VirtualServers } from './ipvs.ts';
import type { KubeProxyConfig } from './kube-proxy.ts';
import type { KubernetesObjects } from './kubernetes.ts';
import type { IptablesRuleset } from './netfilter.ts';
import type { NftBaseChain, NftRuleset } from './nftables.ts';
import type {
  ConntrackEntry,
  InterfaceAddress,
  IpSet,
  Link,
  Neighbour,
  Route,
  RoutingRule,
  Socket,
  Sysctl,
} from './network-namespace.ts';

/**
 * A fact that may not be known. `value` is absent exactly when nothing at all could be read; `gaps` tells what is missing or
 * was not understood, also beside a value.
 */
export interface Reading<T> {
  readonly value?: T;
  readonly gaps: readonly Gap[];
  /** Name of the artefact it comes from, or the one that would hold it. */
  readonly artefact: string;
}

/** What is known of one network namespace: a node's, or a pod's. Everything is read on first use. */
export interface NetnsFacts {
  /** `node/node1`, `pod/bookinfo/reviews-v1` */
  readonly name: string;
  /** Whether any artefact of this namespace exists. */
  readonly seen: boolean;
  addresses(): Reading<readonly InterfaceAddress[]>;
  links(): Reading<readonly Link[]>;
  routes(family: Family): Reading<readonly Route[]>;
  routingRules(family: Family): Reading<readonly RoutingRule[]>;
  neighbours(): Reading<readonly Neighbour[]>;
  sockets(): Reading<readonly Socket[]>;
  sysctl(): Reading<Sysctl>;
  conntrack(): Reading<readonly ConntrackEntry[]>;
  ipsets(): Reading<ReadonlyMap<string, IpSet>>;
  /** Every iptables ruleset of the family that is loaded here (nf_tables and legacy may both be). */
  iptables(family: Family): Reading<readonly IptablesRuleset[]>;
  /**
   * The ruleset of nftables, with the base chains that no iptables ruleset of `iptables` tells; so the two together hold each rule
   * once.
   */
  nftables(): Reading<NftRuleset>;
  /** The virtual servers of IPVS; of a namespace where nobody listed them, and nothing hints at any, not known. */
  virtualServers(): Reading<VirtualServers>;
  /** The connection table of IPVS. */
  virtualConnections(): Reading<readonly IpvsConnection[]>;
  /** The base chains of `nftables`, and those of which only a note of iptables-save tells. */
  foreignChains(): Reading<readonly NftBaseChain[]>;
}

export interface NodeFacts {
  readonly name: string;
  readonly netns: NetnsFacts;
  kubeProxy(): Reading<KubeProxyConfig>;
  /** The Services that Cilium balances here: from the eBPF maps, or else from its agent. Asked where Cilium is in kube-proxy's place. */
  cilium(): Reading<CiliumServices>;
}

export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  readonly netns: NetnsFacts;
  /** Whether any artefact of an Envoy in this pod exists. */
  readonly envoySeen: boolean;
  envoy(): Reading<EnvoyFacts>;
}

/** Everything known of one cluster. */
export interface ClusterFacts {
  readonly name: string;
  objects(): Reading<KubernetesObjects>;
  node(name: string): NodeFacts;
  pod(namespace: string, name: string): PodFacts;
  /** Nodes of which some dump exists, whether or not the API objects name them. */
  readonly dumpedNodes: readonly string[];
  /** Pods of whose proxy some answer exists, whether or not the API objects name them. */
  readonly dumpedProxies: readonly { readonly namespace: string; readonly pod: string }[];
}

/** Everything known. */
export interface Facts {
  readonly clusters: readonly ClusterFacts[];
  /** The artefact behind an evidence, for law 1. */
  artefact(name: string): Artefact | undefined;
  /** Every gap met so far, in a stable order. */
  gaps(): readonly Gap[];
}
