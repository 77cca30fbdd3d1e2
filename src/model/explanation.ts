import type { Evidence } from './evidence.ts';
import type { HttpRequest } from './request.ts';
import type { TransportProtocol } from './flow.ts';

/** How a branch ends. The exact condition of each stands in docs/dispositions.md. */
export type Disposition =
  | 'delivered'
  | 'refused'
  | 'dropped'
  | 'denied'
  | 'failed'
  | 'unresolved'
  | 'unroutable'
  | 'loop'
  | 'leaves-snapshot'
  | 'undetermined';

/** Of the whole request. */
export type Verdict = 'reachable' | 'unreachable' | 'partial' | 'undetermined';

/** What a hop was evaluated from. */
export type Basis =
  /** the rules, routes and configuration that the node, pod or proxy has */
  | 'programmed'
  /** the API objects, because nobody captured what was programmed */
  | 'intended'
  /** neither: what is usual, named in the coverage */
  | 'assumed';

export type HopKind = 'client' | 'pod' | 'proxy' | 'node' | 'wire' | 'load-balancer' | 'application' | 'outside';

export interface Step {
  /** What kind of decision: `name`, `rule`, `route`, `listener`, `filter-chain`, `virtual-host`, `cluster`, `endpoint`, `socket` … */
  readonly kind: string;
  /** What it did: `resolved`, `matched`, `redirected`, `translated`, `selected`, `denied`, `dropped` … */
  readonly action: string;
  /** One sentence for people. */
  readonly text: string;
  readonly evidence: readonly Evidence[];
  /** Clauses: what the decision took for granted because nobody captured it. */
  readonly assumptions?: readonly string[];
}

export interface Hop {
  readonly kind: HopKind;
  /** `bookinfo/reviews-v1-abc`, `node1`, `node1 → node2` */
  readonly name: string;
  /** For a proxy: `outbound`, `inbound` or `gateway`; else null. */
  readonly role: string | null;
  readonly basis: Basis;
  readonly steps: readonly Step[];
}

export interface Backend {
  /** `namespace/name`, null when no pod of the snapshot has the address. */
  readonly pod: string | null;
  readonly node: string | null;
  readonly ip: string;
  readonly port: number;
}

export interface Branch {
  /** Given the condition. */
  readonly probability: number;
  /** What the branch supposes, in words; null: nothing. */
  readonly condition: string | null;
  readonly disposition: Disposition;
  /** HTTP status, when a proxy decides it; null when the application does, or there is no HTTP. */
  readonly status: number | null;
  /** Envoy response flag at the proxy that answered. */
  readonly flag: string | null;
  /** Envoy's RESPONSE_CODE_DETAILS, the errno, or the ICMP kind. */
  readonly detail: string | null;
  /** One sentence: how and why it ended here. */
  readonly reason: string;
  readonly backend: Backend | null;
  /** Source address that the application sees. */
  readonly observedSource: string | null;
  readonly hops: readonly Hop[];
}

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  /** Stable, never reused: `KR101`. */
  readonly code: string;
  readonly severity: Severity;
  /** What it is about: `Service bookinfo/reviews`, `node node1`. */
  readonly subject: string;
  /** One sentence: what is wrong. */
  readonly cause: string;
  /** One sentence: what would mend it. */
  readonly remedy: string;
  readonly evidence: readonly Evidence[];
}

/** What was not known, and what would tell. */
export interface CoverageGap {
  readonly artefact: string;
  readonly line?: number;
  readonly pointer?: string;
  readonly problem: string;
  readonly remedy: string | null;
}

export interface Coverage {
  /** Steps that rest on what is programmed. */
  readonly proven: number;
  /** Steps that rest on API objects alone. */
  readonly intended: number;
  /** Sentences: what was taken for granted. */
  readonly assumed: readonly string[];
  /** Sentences: what was not looked at. */
  readonly notChecked: readonly string[];
  readonly gaps: readonly CoverageGap[];
  /** Names of the artefacts that the answer rests on. */
  readonly artefacts: readonly string[];
}

/** One end of the question, resolved. */
export interface Party {
  readonly kind: 'pod' | 'node' | 'outside' | 'service' | 'address' | 'name';
  /** As asked. */
  readonly text: string;
  readonly cluster: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly ip: string | null;
  readonly port: number | null;
}

export interface ExplainedRequest {
  readonly from: Party;
  readonly to: Party;
  readonly protocol: TransportProtocol;
  readonly http: HttpRequest | null;
  /** Sentences: choices that the question left open. */
  readonly notes: readonly string[];
}

/** One replica of a workload that was asked about as a whole. */
export interface ReplicaAnswer {
  /** `namespace/name` */
  readonly pod: string;
  readonly verdict: Verdict;
  /** Whether it is answered otherwise than most of its siblings. */
  readonly differs: boolean;
  /** One sentence: its own answer. */
  readonly summary: string;
}

/** The whole answer, for any renderer. */
export interface Explanation {
  readonly schemaVersion: string;
  readonly request: ExplainedRequest;
  readonly verdict: Verdict;
  /** One or two sentences: the answer. */
  readonly summary: string;
  readonly coverage: Coverage;
  readonly findings: readonly Finding[];
  /** For `deploy/name` and the like: every replica; `branches` are those of a replica that most agree with. Else empty. */
  readonly replicas: readonly ReplicaAnswer[];
  readonly branches: readonly Branch[];
}
