import type { Evidence } from './evidence.ts';
import type { ServiceAddressKind } from './kube-proxy.ts';

/** Who asks: a pod of the node, a process of the node itself, or a machine outside the cluster whose packet enters by the node. */
export type SourceClass = 'pod' | 'node' | 'outside';

export interface ServiceBackend {
  readonly ip: string;
  readonly port: number;
  /** `namespace/name`; null: no pod of the snapshot has the address. */
  readonly pod: string | null;
  /** For a new client; null: something that no dump tells decides. */
  readonly probability: number | null;
}

/** What a node does with connections to one address of a Service, for the sources that it treats alike. */
export interface ServiceWay {
  readonly from: readonly SourceClass[];
  readonly action:
    /** to one of `backends` */
    | 'translated'
    | 'rejected'
    | 'dropped'
    /** no rule takes it */
    | 'untouched'
    | 'undetermined';
  readonly backends: readonly ServiceBackend[];
  /** Whether the source is replaced by an address of the node; `some`: it depends on the backend; `unknown`: on what is not known. */
  readonly masquerade: 'all' | 'none' | 'some' | 'unknown';
  /** A client that came before goes where it was. */
  readonly affinity: boolean;
  /** What decides between backends without probability; or why it is undetermined, rejected or dropped. One clause. */
  readonly reason: string | null;
  readonly drift: ServiceDrift | null;
  /** The rules that decide, first to last. */
  readonly rules: readonly Evidence[];
}

/** What the API objects ask otherwise. */
export interface ServiceDrift {
  readonly code: 'KR201' | 'KR202' | 'KR203' | 'KR204';
  /** One sentence. */
  readonly text: string;
}

/** One address and port of a Service, as a node treats it. */
export interface ServiceEntry {
  /** `NODE` for a node port: an address of the node. */
  readonly address: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly kind: ServiceAddressKind;
  readonly portName: string | null;
  readonly ways: readonly ServiceWay[];
}

/** Nodes that treat the Service alike. */
export interface ServiceOnNodes {
  readonly nodes: readonly string[];
  /** kube-proxy's mode, where it is known. */
  readonly mode: string | null;
  /** `intended`: the rules were not captured, and this is what the API objects ask. */
  readonly basis: 'programmed' | 'intended' | 'unknown';
  readonly entries: readonly ServiceEntry[];
}

export interface ServiceEndpointRow {
  readonly address: string;
  readonly port: number | null;
  readonly portName: string | null;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly pod: string | null;
  readonly node: string | null;
  readonly zone: string | null;
  readonly hints: readonly string[];
  readonly slice: string;
}

export type LedgerState = 'present' | 'missing' | 'extra' | 'unhealthy' | 'stale' | 'absent' | 'unknown';

export interface LedgerCell {
  readonly state: LedgerState;
  /** `not ready`, `weight 0`, `3 connections` …; null: nothing to add. */
  readonly detail: string | null;
}

export interface LedgerColumn {
  readonly kind: 'slice' | 'node' | 'proxy' | 'conntrack';
  /** Nodes or proxies (`namespace/pod`) with the same cells. */
  readonly names: readonly string[];
}

export interface LedgerRow {
  /** `ip:port` */
  readonly endpoint: string;
  readonly portName: string | null;
  readonly pod: string | null;
  /** In the order of the columns. */
  readonly cells: readonly LedgerCell[];
  /** Whether some column disagrees. */
  readonly odd: boolean;
}

/** Who knows which endpoint of a Service. */
export interface ServiceLedger {
  readonly columns: readonly LedgerColumn[];
  readonly rows: readonly LedgerRow[];
}

export interface ServiceAccount {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** The fields that decide, as `spec.field` and text. */
  readonly spec: readonly { readonly field: string; readonly value: string }[];
  /** Names that lead there, the longest last. */
  readonly names: readonly string[];
  readonly endpoints: readonly ServiceEndpointRow[];
  readonly nodes: readonly ServiceOnNodes[];
  readonly ledger: ServiceLedger;
  /** Whether anything differs; null: what is known does not tell. */
  readonly drift: boolean | null;
}
