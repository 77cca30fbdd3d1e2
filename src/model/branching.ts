import type { Evidence } from './evidence.ts';

/**
 * Something about the world at the time of the request that no dump tells, on which a decision turned. Alternatives of one
 * decision share `key` and differ in `value`; together they are exhaustive.
 */
export interface Condition {
  /** Identity of the open question, e.g. `recent:KUBE-SEP-ABC:10.244.1.20`. */
  readonly key: string;
  /** The answer that this branch supposes: `true`/`false`, or one of several names. */
  readonly value: string | boolean;
  readonly subject: ConditionSubject;
}

export type ConditionSubject =
  /** the address is in the xt_recent list (and was seen within `seconds`, at least `hits` times) */
  | {
      readonly kind: 'recent';
      readonly list: string;
      readonly address: string;
      readonly seconds?: number;
      readonly hits?: number;
    }
  /** the token bucket of a `limit` or `hashlimit` match has a token left */
  | { readonly kind: 'limit'; readonly rate: string }
  /** an nftables set that packets change holds an element */
  | { readonly kind: 'set-element'; readonly set: string; readonly element: string }
  /** the number that `numgen inc` or a hash of the packet gives: `1`, `0-2`, or `another` */
  | { readonly kind: 'number'; readonly source: string }
  /** this is packet number `packet` of every `every` (statistic mode nth) */
  | { readonly kind: 'nth'; readonly every: number; readonly packet: number }
  /** where the source port lies that a kernel chose for `address`: `32768-39999`, or one port */
  | { readonly kind: 'source-port'; readonly address: string }
  /** the node at which a request from outside arrives */
  | { readonly kind: 'entry-node' }
  /** the endpoint (`ip:port`) that session affinity keeps for a client of a Service (`namespace/name:port`), or `none` */
  | { readonly kind: 'affinity'; readonly service: string; readonly client: string }
  /** the real server (`ip:port`, or `none`) that a scheduler of IPVS picks for a virtual server */
  | { readonly kind: 'real-server'; readonly scheduler: string; readonly service: string }
  /** the address family that the client takes when a name has both: `IPv4` or `IPv6` */
  | { readonly kind: 'address-family'; readonly name: string }
  /** the C library that the client resolves names with: `glibc` or `musl` */
  | { readonly kind: 'resolver'; readonly name: string }
  /** a name outside the snapshot resolves to an address */
  | { readonly kind: 'resolves'; readonly name: string }
  /** how a proxy counts unhealthy hosts of a cluster: those that drain not at all, others by number or by weight */
  | { readonly kind: 'host-health'; readonly cluster: string }
  /** the client sends something, so that filters of a proxy which wait for that decide about the connection */
  | { readonly kind: 'client-speaks' }
  /** a hash or a state that a proxy keeps picks the host */
  | { readonly kind: 'host-choice'; readonly policy: string; readonly cluster: string };

/** A branch of a decision: how likely it is, and what it supposes. Probabilities are given the conditions. */
export interface Weighted {
  /** In [0, 1]. For every consistent choice of conditions the branches of one decision add up to 1 (law 3). */
  readonly probability: number;
  readonly conditions: readonly Condition[];
}

/** Why a decision could not be evaluated; the branch that carries it is undetermined. */
export interface Unknown {
  /** One clause, without a full stop: `match extension "foo" is not understood`. */
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

/**
 * The sums of probability over every consistent choice of conditions; each is 1 when the branches are complete (law 3).
 * @returns one sum for each choice; `[sum]` when no branch has a condition
 */
export function probabilitySums(branches: readonly Weighted[]): number[] {
  const open = branches.flatMap((branch) => branch.conditions)[0];
  if (open === undefined) return [branches.reduce((sum, branch) => sum + branch.probability, 0)];
  const values = new Set(
    branches.flatMap((branch) => branch.conditions.filter((c) => c.key === open.key).map((c) => c.value)),
  );
  return [...values].flatMap((value) =>
    probabilitySums(
      branches
        .filter((branch) => branch.conditions.every((c) => c.key !== open.key || c.value === value))
        .map((branch) => ({
          probability: branch.probability,
          conditions: branch.conditions.filter((c) => c.key !== open.key),
        })),
    ),
  );
}
