import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { share } from './random-value.ts';
import type { Constraint } from './random-value.ts';
import type { RequestView } from './request-view.ts';

/** A cluster that a route action may forward to. */
export interface ClusterChoice {
  /** `''` when a header that should name it is missing: no such cluster. */
  readonly cluster: string;
  /** Given the route. */
  readonly probability: number;
  /** The part of the action that names it. */
  readonly cursor: Cursor;
  /** The entry among weighted clusters, which may override filters, rewrites and metadata. */
  readonly weighted: Cursor | null;
  readonly reason: string;
}

const KNOWN_WEIGHTED = new Set(['clusters', 'total_weight', 'runtime_key_prefix', 'header_name']);
const KNOWN_ENTRY = new Set([
  'name',
  'cluster_header',
  'weight',
  'metadata_match',
  'request_headers_to_add',
  'request_headers_to_remove',
  'response_headers_to_add',
  'response_headers_to_remove',
  'typed_per_filter_config',
  'host_rewrite_literal',
]);

/** The clusters that a RouteAction may choose (source/common/router/weighted_cluster_specifier.cc, header_cluster_specifier.cc). */
export function chooseCluster(
  action: Cursor,
  request: RequestView,
  constraints: readonly Constraint[],
  runtime: Runtime,
): readonly ClusterChoice[] | Unknown {
  const cluster = field(action, 'cluster');
  if (cluster.exists) {
    const name = cluster.string() ?? '';
    return [{ cluster: name, probability: 1, cursor: cluster, weighted: null, reason: 'the route names it' }];
  }
  const key = constraints.length === 0 && !asksRequest(action) ? action.value : null;
  if (typeof key !== 'object' || key === null) return readChoices(action, request, constraints, runtime);
  let choices = CHOICES.get(key);
  if (choices === undefined) {
    choices = readChoices(action, request, constraints, runtime);
    CHOICES.set(key, choices);
  }
  return choices;
}

/** Choices that are the same for every request. */
const CHOICES = new WeakMap<object, readonly ClusterChoice[] | Unknown>();

/** Whether a header of the request has a say. */
const asksRequest = memoised((action): boolean => {
  const weighted = field(action, 'weighted_clusters');
  const entries = field(weighted, 'clusters').items();
  return (
    field(action, 'cluster_header').exists ||
    field(weighted, 'header_name').exists ||
    entries.some((entry) => field(entry, 'cluster_header').exists)
  );
});

function readChoices(
  action: Cursor,
  request: RequestView,
  constraints: readonly Constraint[],
  runtime: Runtime,
): ClusterChoice[] | Unknown {
  const header = field(action, 'cluster_header');
  if (header.exists) return headerChoice(header, request, 1, null);
  const weighted = field(action, 'weighted_clusters');
  if (weighted.exists) return weightedChoices(weighted, request, constraints, runtime);
  return unknown('a cluster specifier plugin chooses the cluster', field(action, 'cluster_specifier_plugin'));
}

function headerChoice(
  header: Cursor,
  request: RequestView,
  probability: number,
  weighted: Cursor | null,
): ClusterChoice[] | Unknown {
  const name = (header.string() ?? '').toLowerCase();
  const sent = request.original.headers.find(([other]) => other === name)?.[1] ?? null;
  const value = request.headers.get(name);
  if (isUnknown(value)) return value;
  const reason = value === null ? `the header ${name} that names it is missing` : `the header ${name} names it`;
  return [{ cluster: value === null ? '' : (sent ?? value), probability, cursor: header, weighted, reason }];
}

function weightedChoices(
  weighted: Cursor,
  request: RequestView,
  constraints: readonly Constraint[],
  runtime: Runtime,
): ClusterChoice[] | Unknown {
  const beyond = unknownField(weighted, KNOWN_WEIGHTED);
  if (beyond !== undefined) return beyond;
  const entries = field(weighted, 'clusters').items();
  const weights = entries.map((entry) => field(entry, 'weight').number() ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) return unknown('the weights of the clusters add up to nothing', weighted);
  const fixed = headerValue(field(weighted, 'header_name').string(), request, total);
  if (isUnknown(fixed)) return fixed;
  const base = share(constraints);
  const overridden = overriddenWeight(weighted, runtime);
  if (overridden !== null) return overridden;
  const choices: ClusterChoice[] = [];
  let from = 0;
  for (const [index, entry] of entries.entries()) {
    const to = from + (weights[index] ?? 0);
    const part =
      fixed === null ? share([...constraints, { modulus: total, from, to }]) : fixed >= from && fixed < to ? base : 0;
    from = to;
    if (part === undefined || base === undefined)
      return unknown('the probabilities of the clusters cannot be counted', weighted);
    if (part === 0) continue;
    const problem = unknownField(entry, KNOWN_ENTRY);
    if (problem !== undefined) return problem;
    const reason = `weight ${weights[index]} of ${total}`;
    const header = field(entry, 'cluster_header');
    const chosen = header.exists
      ? headerChoice(header, request, part / base, entry)
      : [
          {
            cluster: field(entry, 'name').string() ?? '',
            probability: part / base,
            cursor: entry,
            weighted: entry,
            reason,
          },
        ];
    if (isUnknown(chosen)) return chosen;
    choices.push(...chosen);
  }
  return choices;
}

/** Why weights are not known: runtime may set that of each entry, also of one without weight (WeightedClusterEntry::clusterWeight). */
function overriddenWeight(weighted: Cursor, runtime: Runtime): Unknown | null {
  const prefix = field(weighted, 'runtime_key_prefix').string() ?? '';
  if (prefix === '') return null;
  for (const entry of field(weighted, 'clusters').items()) {
    const overridden = runtime.overridden(`${prefix}.${field(entry, 'name').string() ?? ''}`);
    if (overridden !== null) return overridden;
  }
  return null;
}

/** The choice that a request header makes, modulo the total weight; null: the random value decides. */
function headerValue(name: string | undefined, request: RequestView, total: number): number | null | Unknown {
  if (name === undefined || name === '') return null;
  const value = request.headers.get(name.toLowerCase());
  if (value === null || isUnknown(value)) return value;
  return /^\d{1,19}$/.test(value) ? Number(BigInt(value) % BigInt(total)) : null;
}

/** Whether entries of weighted clusters override HTTP filters, so that the choice must be made before the filters run. */
export function overridesFilters(action: Cursor): boolean {
  return field(field(action, 'weighted_clusters'), 'clusters')
    .items()
    .some((entry) => field(entry, 'typed_per_filter_config').exists);
}
