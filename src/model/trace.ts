import type { Weighted } from './branching.ts';
import type { EnvoyConnection, EnvoyOutcome } from './envoy.ts';
import type { Evidence } from './evidence.ts';
import type { Branch } from './explanation.ts';
import type { Flow } from './flow.ts';
import type { IntendedOutcome } from './kube-proxy.ts';
import type { PodFact, ServiceFact } from './kubernetes.ts';
import type { PolicyDecision } from './network-policy.ts';
import type { NameOutcome } from './name-resolution.ts';
import type { TraversalOutcome } from './netfilter.ts';
import type { Socket } from './network-namespace.ts';
import type { Question } from './question.ts';

/** Whose network namespace, and whose process. */
export type Owner =
  | { readonly kind: 'pod'; readonly cluster: string; readonly pod: PodFact }
  | { readonly kind: 'node'; readonly cluster: string; readonly node: string };

/** A name was resolved. */
export interface NameVisit {
  readonly kind: 'name';
  readonly host: string;
  readonly outcomes: readonly NameOutcome[];
}

/** A packet met a network namespace's hooks. */
export interface NetnsVisit {
  readonly kind: 'netns';
  readonly owner: Owner;
  readonly from: 'wire' | 'process';
  /** The packet as it came. */
  readonly flow: Flow;
  /** What the namespace's own rules do; null: they were not captured. */
  readonly programmed: readonly TraversalOutcome[] | null;
  /** What the API objects ask of it (nodes only). */
  readonly intended: readonly IntendedOutcome[] | null;
}

/** A connection met a proxy. */
export interface ProxyVisit {
  readonly kind: 'proxy';
  readonly cluster: string;
  readonly pod: PodFact;
  readonly connection: EnvoyConnection;
  readonly outcomes: readonly EnvoyOutcome[];
}

/** A packet reached a network namespace's sockets. */
export interface SocketVisit {
  readonly kind: 'socket';
  readonly owner: Owner;
  readonly flow: Flow;
  /** Sockets that take it; null: sockets were not captured. */
  readonly listening: readonly Socket[] | null;
  /** Sockets bound to the port that do not take it (another address or protocol). */
  readonly near: readonly Socket[];
  /** Cites what is bound there, to prove that nothing else is. */
  readonly listed: readonly Evidence[];
}

/** An answer was followed back. */
export interface ReturnVisit {
  readonly kind: 'return';
  readonly server: Owner;
  readonly flow: Flow;
  readonly result: 'ok' | 'broken' | 'unknown';
  /** One clause, for `broken` and `unknown`. */
  readonly reason: string | null;
  readonly code:
    | 'not-translated-back'
    | 'bridged'
    | 'filtered'
    /** the connection is established, and what follows is filtered */
    | 'cut-off'
    | 'no-route'
    | 'reverse-path'
    /** a datagram may be answered from another address than the one that was asked */
    | 'other-source'
    | 'unknown'
    | null;
  readonly evidence: readonly Evidence[];
}

/** The client takes the address from an environment variable about a Service. */
export interface EnvironmentVisit {
  readonly kind: 'environment';
  readonly pod: PodFact;
  readonly variable: string;
  readonly state: 'set' | 'not-set' | 'unknown';
  readonly service: ServiceFact | null;
  readonly evidence: readonly Evidence[];
}

/** NetworkPolicies were asked about one side of a connection between pods. */
export interface PolicyVisit {
  readonly kind: 'policy';
  readonly direction: 'ingress' | 'egress';
  readonly pod: PodFact;
  readonly decision: PolicyDecision;
  /** Whether something that enforces NetworkPolicies was seen in the cluster. */
  readonly enforced: boolean;
}

export type Visit = NameVisit | NetnsVisit | ProxyVisit | SocketVisit | ReturnVisit | EnvironmentVisit | PolicyVisit;

/** Everything that the walk met, for the checks. */
export interface Trace {
  readonly question: Question;
  readonly visits: readonly Visit[];
  readonly branches: readonly (Branch & Weighted)[];
}
