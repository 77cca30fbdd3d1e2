import type { Unknown, Weighted } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { Cursor } from './json.ts';
import type { ReadCertificates } from './certificate.ts';
import type { VerifySignature } from './signature.ts';
import type { ApplicationRequest } from './request.ts';
import type { HandshakeFailure } from './tls.ts';

/** An xDS resource as the proxy runs it, with what its last update did. */
export interface EnvoyResource {
  readonly name: string;
  /** The resource itself (Listener, Cluster, RouteConfiguration, ClusterLoadAssignment …). */
  readonly config: Cursor;
  readonly origin: 'static' | 'dynamic';
  /** `rejected`: no version of it ever ran; `config` is what was refused. Only `active` resources serve requests. */
  readonly state: 'active' | 'warming' | 'draining' | 'rejected';
  /** Details of a rejected update (error_state or a NACK), when the dump shows one. */
  readonly rejected: Cursor | null;
  /** What its text tells; null: it was not looked at. */
  readonly printed: PrintedResource | null;
}

/** A resource by its text. */
export interface PrintedResource {
  /** The same for all resources that are printed alike, with other names (`envoy-names.ts`). */
  readonly form: {
    /** JSON pointers of the names, in their order, in the element of the dump that lists the resource. */
    readonly pointers: readonly string[];
  };
  /** What stands there in this one. */
  readonly names: readonly string[];
}

/** A proxy's config_dump. Resources are found by name without reading those that are not asked for. */
export interface EnvoyConfigDump {
  readonly artefact: string;
  /** RFC 3339 time of the capture; without one, that of the latest change of a secret that the dump shows; null: neither. */
  readonly seenAt: string | null;
  /**
   * Whether a resource that is absent here is absent in the proxy. False for a dump of the control plane (which lacks what the
   * bootstrap defines), a filtered one (`?resource=`, `?mask=`, `?name_regex=`), and one that could not be read to its end.
   */
  readonly complete: boolean;
  /** Sections that the dump holds, by the last part of their type: `ListenersConfigDump`, `EndpointsConfigDump` … */
  readonly sections: ReadonlySet<string>;
  /** node.id, node.metadata and the rest. */
  readonly bootstrap: Cursor;
  listeners(): readonly EnvoyResource[];
  routes(): readonly EnvoyResource[];
  /** The route configuration that RDS or SRDS delivered under this name; inline ones stand in their listeners. */
  route(name: string): EnvoyResource | undefined;
  /** The scopes that SRDS delivered to the connection managers whose scoped routes have this name: `config` is their list. */
  scopes(name: string): EnvoyResource | undefined;
  /** The active cluster of this name; without one, the warming or rejected one. */
  cluster(name: string): EnvoyResource | undefined;
  clusters(): readonly EnvoyResource[];
  /**
   * ClusterLoadAssignments under a cluster_name. Envoy prints one for each cluster, under the EDS service name where the cluster
   * has one, so that several clusters may share a name.
   */
  endpoints(name: string): readonly EnvoyResource[];
  secrets(): readonly EnvoyResource[];
  /** Filter configurations that ECDS delivered, by name (TypedExtensionConfig). */
  extension(name: string): EnvoyResource | undefined;
}

/** /clusters?format=json, by cluster name. */
export interface EnvoyClusterStatuses {
  readonly artefact: string;
  cluster(name: string): Cursor | undefined;
}

/** Everything read of one Envoy. */
export interface EnvoyFacts {
  readonly config: EnvoyConfigDump | null;
  readonly clusters: EnvoyClusterStatuses | null;
  readonly listeners: Cursor | null;
  readonly serverInfo: Cursor | null;
  /** Reads certificates; absent: what depends on them is not known. */
  readonly readCertificates?: ReadCertificates;
  /** Verifies signatures of tokens; absent: whether a key made one is not known. */
  readonly verifySignature?: VerifySignature;
}

/** A connection as it reaches the proxy's socket. */
export interface EnvoyConnection {
  /** Where the packet arrived: the address and port of the socket after interception. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Destination before interception (SO_ORIGINAL_DST); the same as local when nothing was redirected. */
  readonly originalAddress: string;
  readonly originalPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number | null;
  /** The PROXY protocol header that comes first; null: none does; absent: that is not known. */
  readonly proxyHeader?: ProxyHeader | null | undefined;
  readonly request: ApplicationRequest;
}

/** The connection that a load balancer speaks for, as its PROXY protocol header names it. */
export interface ProxyHeader {
  /** Of the protocol; 1 unless told. */
  readonly version?: 1 | 2;
  readonly source: { readonly address: string; readonly port: number };
  /** Of the same family. */
  readonly destination: { readonly address: string; readonly port: number };
}

/** One decision inside the proxy. Sentences are made of it in `explain`. */
export interface EnvoyStep {
  readonly kind:
    | 'listener'
    | 'listener-filter'
    | 'filter-chain'
    | 'network-filter'
    | 'route-config'
    | 'virtual-host'
    | 'http-filter'
    | 'route'
    | 'cluster'
    | 'endpoint'
    | 'reply';
  /** `selected`, `passed`, `skipped`, `denied`, `replied`, `rewritten`, `unknown` … */
  readonly action: string;
  /** Name of the thing: listener, chain, filter, virtual host, route, cluster, or endpoint address. */
  readonly name: string;
  /** Clauses that tell why, most telling first: `domain "reviews" equals the authority`. */
  readonly reasons: readonly string[];
  /** Istio objects that stand behind it, as the config's metadata names them. */
  readonly objects: readonly IstioReference[];
  readonly evidence: readonly Evidence[];
}

export interface IstioReference {
  /** `VirtualService`, `DestinationRule`, `AuthorizationPolicy` … */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Rule or subset inside the object, when known: `rule 0`, `subset v1`. */
  readonly part?: string;
}

/** What a proxy sends on to a host. */
export interface EnvoyUpstream {
  readonly kind: 'upstream';
  readonly cluster: string;
  /** An IP address; for a dynamic forward proxy the name that it resolves. */
  readonly address: string;
  readonly port: number;
  /** Source address that the proxy binds (upstream_bind_config); null: the kernel's choice. */
  readonly bindAddress: string | null;
  /** The request as the proxy sends it on (rewrites, original host …). */
  readonly request: ApplicationRequest;
  /** Whether the proxy speaks TLS to it: `none`, `istio-mutual`, `tls`, or unknown. */
  readonly tls: 'none' | 'istio-mutual' | 'tls' | 'unknown';
  /** What it asks again; null: nothing. */
  readonly retries: Retries | null;
  /** The host that it asks then: one that it draws, or the same. */
  readonly retryHost: 'drawn' | 'same' | Unknown;
  /** Whether it answers as gRPC does, with 200 and the error in grpc-status. */
  readonly grpc: boolean;
  /** The status of an answer of its own that it sends in place of one. @param flags response flags that are set by then */
  mapAnswer(status: number, flags: readonly string[]): number | Unknown;
  readonly connectTimeoutSeconds: number | null;
  /** For how long filters hold the request before it is sent on. */
  readonly delaySeconds: number;
  /** For how long the proxy waits for an answer, once it has the whole request; null: for ever. */
  readonly limits: TimeLimits | Unknown | null;
  /** Response flags that filters have set on the way: `DI`; null: none has. */
  readonly flag: string | null;
}

/** What the proxy does with the connection or request. */
export type EnvoyEnd =
  | EnvoyUpstream
  | {
      /** an HTTP answer made by the proxy */
      readonly kind: 'reply';
      readonly status: number;
      /** Of an answer to a gRPC request; null: it has none. */
      readonly grpcStatus: number | null;
      /** Envoy response flag: `NR`, `UH`, `NC`, `FI` …; null when it sets none. */
      readonly flag: string | null;
      /** RESPONSE_CODE_DETAILS as Envoy would log it. */
      readonly detail: string | null;
      /** The body that Envoy sends, when it is known. */
      readonly body: string | null;
      /** For how long filters hold the request before. */
      readonly delaySeconds: number;
      /** The host to which it connects before it answers so, which it does not where no connection is made; absent: there is none. */
      readonly connectsTo?: EnvoyUpstream;
      /** A policy said no (RBAC, JWT, ext_authz), rather than a failure. */
      readonly denied: boolean;
    }
  | {
      /** the connection is closed without an answer */
      readonly kind: 'close';
      readonly flag: string | null;
      readonly detail: string | null;
      readonly denied: boolean;
      /** Set where the client speaks TLS and its handshake fails thereby. */
      readonly handshake?: HandshakeFailure;
      /** What a client of HTTP/2 hears instead; absent: that the connection ends. */
      readonly heard?: HeardReset;
    }
  | { readonly kind: 'undetermined'; readonly unknown: Unknown };

/** Limits of time for an answer, in seconds. */
export interface TimeLimits {
  /** For all attempts together; null: there is none. */
  readonly all: number | null;
  /** For each attempt, once it has a connection; null: there is none. */
  readonly each: number | null;
  /** The shortest of those that are not told apart. */
  readonly other: number;
  /** The longest pause before a retry. */
  readonly pause: number;
}

/** What a proxy asks again for one request, and how often. */
export interface Retries {
  /** Attempts after the first. */
  readonly count: number;
  /** What it flags where it would ask again and may not: all retries are used up, or its circuit breaker allows none at all. */
  readonly spent: 'URX' | 'UO';
  /** How often a retry draws another host for one that was tried before; 0: it takes any. */
  readonly hostRedraws: number | Unknown;
  /** Whether it asks again when a connection is not made. */
  readonly onConnectFailure: boolean | Unknown;
  /** The same where an established connection ends before an answer. */
  readonly onReset: boolean | Unknown;
  /** The same for an answer that a proxy gives. @param grpcStatus null: the answer has none */
  onAnswer(status: number, grpcStatus: number | null): boolean | Unknown;
}

/** Why a client of HTTP/2 gives up a stream: it was reset, or what came breaks the protocol; as Envoy names it in details. */
export type HeardReset = 'remote_reset' | 'protocol_error';

export interface EnvoyOutcome extends Weighted {
  readonly steps: readonly EnvoyStep[];
  readonly end: EnvoyEnd;
}

/** envoy.config.cluster.v3.Cluster.LbPolicy, by number. */
export const LB_POLICIES = [
  'ROUND_ROBIN',
  'LEAST_REQUEST',
  'RING_HASH',
  'RANDOM',
  '',
  'MAGLEV',
  'CLUSTER_PROVIDED',
  'LOAD_BALANCING_POLICY_CONFIG',
] as const;
