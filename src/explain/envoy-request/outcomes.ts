/**
 * What becomes of a request, as it is told. In: outcomes of an Envoy's evaluation. Out: the same in few words, alike ones together with
 * the hosts of each.
 */
import { sharesOf, takenBy } from '../../evaluate/proxies/envoy/walk.ts';
import type { HostShare } from '../../evaluate/proxies/envoy/walk.ts';
import { formatEndpoint } from '../../model/address.ts';
import type { EnvoyOutcome } from '../../model/envoy.ts';
import { conditionsText } from '../sentences/conditions.ts';

export interface EnvoyRequestOutcome {
  /** Given the condition. */
  readonly probability: number;
  /** What the outcome supposes, in words. */
  readonly condition: string | null;
  readonly virtualHost: string | null;
  /** null: none was taken, or it has no name. */
  readonly route: string | null;
  /** The cluster that the route or filter names, whether or not the proxy has it. */
  readonly cluster: string | null;
  /** Hosts that it may be sent to; their probabilities, given this outcome, add up to 1. */
  readonly endpoints: readonly { readonly address: string; readonly probability: number }[];
  /** The status of an answer of the proxy's own; null: an upstream decides it, or there is no answer. */
  readonly status: number | null;
  /** Envoy's response flags that are known already: `NR`, `DI,FI`. */
  readonly flag: string | null;
  /** RESPONSE_CODE_DETAILS, or CONNECTION_TERMINATION_DETAILS of a closed connection. */
  readonly detail: string | null;
  /** Why it cannot be told, in one clause. */
  readonly undetermined: string | null;
}

/** An outcome with other names. @param named what is in the place of each */
export function underNames(
  outcome: EnvoyRequestOutcome,
  named: (name: string | null) => string | null,
): EnvoyRequestOutcome {
  const { virtualHost, route, cluster, endpoints } = outcome;
  return {
    ...outcome,
    virtualHost: named(virtualHost),
    route: named(route),
    cluster: named(cluster),
    endpoints: endpoints.map(({ address, probability }) => ({ address: named(address) ?? '', probability })),
  };
}

/** Outcomes that differ in nothing but the host become one. */
export function gather(outcomes: readonly EnvoyOutcome[]): EnvoyRequestOutcome[] {
  const groups = new Map<string, Group>();
  let last: Group | undefined;
  for (const one of outcomes) {
    const outcome = describe(one);
    const { kind } = one.end;
    // Alike ones mostly follow each other.
    let group = last?.kind === kind && alike(last.outcome, outcome) ? last : undefined;
    if (group === undefined) {
      // Nothing is to be told from an only outcome.
      const key = outcomes.length === 1 ? '' : [kind, ...Object.values(outcome)].join('\n');
      group = groups.get(key);
      if (group === undefined) {
        group = { kind, outcome, probability: 0, hosts: new Map() };
        groups.set(key, group);
      }
    }
    last = group;
    add(group, one);
  }
  return Array.from(groups.values(), gathered);
}

function add(group: Group, one: EnvoyOutcome): void {
  const shares = sharesOf(one);
  if (shares !== null) {
    addShares(group, one.probability, shares);
    return;
  }
  group.probability += one.probability;
  if (one.end.kind !== 'upstream') return;
  const host = formatEndpoint(one.end.address, one.end.port);
  group.hosts.set(host, (group.hosts.get(host) ?? 0) + one.probability);
}

function gathered({ outcome, probability, hosts }: Group): EnvoyRequestOutcome {
  const endpoints: { address: string; probability: number }[] = [];
  for (const [address, part] of hosts) endpoints.push({ address, probability: part / probability });
  const { condition, virtualHost, route, cluster, status, flag, detail, undetermined } = outcome;
  return { probability, condition, virtualHost, route, cluster, endpoints, status, flag, detail, undetermined };
}

/** Adds the hosts of an outcome that is for several, as if each had one of its own. */
function addShares(group: Group, probability: number, shares: readonly HostShare[]): void {
  for (const { host, share } of shares) {
    const part = probability * share;
    group.probability += part;
    group.hosts.set(host, (group.hosts.get(host) ?? 0) + part);
  }
}

type Gathered = Omit<EnvoyRequestOutcome, 'probability' | 'endpoints'>;

interface Group {
  readonly kind: EnvoyOutcome['end']['kind'];
  readonly outcome: Gathered;
  probability: number;
  readonly hosts: Map<string, number>;
}

function alike(one: Gathered, other: Gathered): boolean {
  return (
    one.condition === other.condition &&
    one.virtualHost === other.virtualHost &&
    one.route === other.route &&
    one.cluster === other.cluster &&
    one.status === other.status &&
    one.flag === other.flag &&
    one.detail === other.detail &&
    one.undetermined === other.undetermined
  );
}

function describe(outcome: EnvoyOutcome): Gathered {
  const { virtualHost, route, cluster } = takenBy(outcome);
  const { conditions, end } = outcome;
  return {
    condition: conditionsText(conditions),
    virtualHost,
    route,
    cluster,
    status: end.kind === 'reply' ? end.status : null,
    flag: end.kind === 'undetermined' ? null : end.flag,
    detail: end.kind === 'reply' || end.kind === 'close' ? end.detail : null,
    undetermined: end.kind === 'undetermined' ? end.unknown.reason : null,
  };
}
