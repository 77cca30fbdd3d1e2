import type { Weighted } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { PodFact, ServiceFact } from './kubernetes.ts';

/** One question that the resolver asks on the way, and its answer. */
export interface NameQuery {
  /** Fully qualified, without the closing dot. */
  readonly name: string;
  /** Where the answer came from: the pod's hosts file, the cluster's DNS zone, or nobody that the snapshot knows. */
  readonly source: 'hosts' | 'cluster-dns' | 'environment' | 'outside';
  readonly answer: 'addresses' | 'alias' | 'no-such-name' | 'no-data' | 'unknown';
  readonly addresses: readonly string[];
  /** For `alias`: the CNAME's target. */
  readonly alias: string | null;
}

/** How a name ends: one branch for each address when the client may take any of several. */
export interface NameOutcome extends Weighted {
  readonly result: 'address' | 'no-such-name' | 'outside' | 'unknown';
  /** Canonical address for `address`. */
  readonly address: string | null;
  /** Every question asked, in order. */
  readonly queries: readonly NameQuery[];
  readonly service: ServiceFact | null;
  readonly pod: PodFact | null;
  /** Clauses for people: `search domain bookinfo.svc.cluster.local`, `headless: any of 3 addresses`. */
  readonly reasons: readonly string[];
  /** Clauses: what was taken for granted because nobody captured it. */
  readonly assumptions: readonly string[];
  readonly evidence: readonly Evidence[];
}
