/**
 * From a cluster's name to the hosts that a request or connection goes to.
 *
 * In: the connection, the cluster's name, and what differs between HTTP and TCP (how an error is answered, what is sent on).
 * Out: one branch for each host, or the error. It must not know routes or filters.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome, EnvoyResource, EnvoyUpstream } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { ConnectionContext } from '../context.ts';
import type { HeaderView } from '../match/header-match.ts';
import { field, fields, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import type { HashGroup } from './hash-group.ts';
import { byHash, chooseHosts, hostPicks } from './host-choice.ts';
import type { HostChoice } from './host-choice.ts';
import { readHostSet } from './host-set.ts';
import type { HostSet } from './host-set.ts';
import { clusterOf } from './known-cluster.ts';
import type { KnownCluster } from './known-cluster.ts';
import { DYNAMIC_FORWARD_PROXY, reachDynamicHost } from './dynamic-host.ts';
import { originalDestination } from './original-destination.ts';
import { dropOverload, limitOf, unlessFull } from './overload.ts';
import type { Refusing } from './overload.ts';
import { countsAreOpen, pickInPriority } from './pick.ts';
import { panicThreshold } from './policy.ts';
import { sharePriorities } from './priority.ts';
import { arrive, arriveAmong, reach, upstreamEnd } from './reach.ts';
import type { Reached, Sending } from './reach.ts';
import { subsetHosts } from './subset.ts';
import type { SubsetCriteria } from './subset.ts';

type RetryHost = EnvoyUpstream['retryHost'];

/** What is particular to the protocol that forwards. */
export interface Forwarding extends Sending, Refusing {
  readonly headers: HeaderView | null;
  /** The host of the request as it is sent on, or of a connection what was resolved for it; null: it has none, or takes that of the endpoint. */
  readonly authority: string | null;
  readonly criteria: SubsetCriteria;
  /** What a load balancer that hashes looks up; null: nothing, the host is drawn at random. */
  readonly hash: () => bigint | null | Unknown;
}

/** Forwards to a cluster by name. */
export function forwardTo(context: ConnectionContext, name: string, walk: Walk, how: Forwarding): EnvoyOutcome[] {
  const cluster = clusterOf(context, name);
  if (cluster.resource === undefined || cluster.resource.state !== 'active')
    return absentCluster(context, name, cluster.resource, walk, how);
  const chosen = withStep(walk, cluster.step);
  if (cluster.stopped !== null) return undetermined(chosen, cluster.stopped);
  const { resource } = cluster;
  // A TCP proxy counts connections before it looks for a host.
  if (how.headers === null)
    return unlessFull(context, cluster, 'tcp', chosen, how, (kept) => toKind(context, cluster, resource, kept, how));
  return toKind(context, cluster, resource, chosen, how);
}

function toKind(
  context: ConnectionContext,
  cluster: KnownCluster,
  resource: EnvoyResource,
  chosen: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  switch (cluster.type) {
    case 'ORIGINAL_DST':
      return toOriginalDestination(context, cluster, chosen, how);
    case 'STATIC':
    case 'EDS':
    case 'STRICT_DNS':
    case 'LOGICAL_DNS':
      return toHosts(context, cluster, chosen, how);
    case AGGREGATE:
      return toAggregate(context, resource, chosen, how);
    case DYNAMIC_FORWARD_PROXY:
      return toDynamicHost(context, resource, chosen, how);
    default: {
      const type = field(resource.config, 'cluster_type');
      return undetermined(chosen, unknown(`clusters of type ${cluster.type} are not evaluated`, field(type, 'name')));
    }
  }
}

function absentCluster(
  { config }: ConnectionContext,
  name: string,
  cluster: EnvoyResource | undefined,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  if (!config.complete) return undetermined(walk, unknown(`cluster ${name} is not in this part of a config_dump`));
  const state = cluster === undefined ? 'the proxy has no such cluster' : `the cluster is ${cluster.state}`;
  const cites = cluster === undefined ? [] : [field(cluster.config, 'name')];
  return how.fail(withStep(walk, step('cluster', 'missing', name, { reasons: [state], cites })), 'no-cluster');
}

function toOriginalDestination(
  context: ConnectionContext,
  { resource }: KnownCluster,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  const cluster = resource?.config;
  if (cluster === undefined) return how.fail(walk, 'no-host');
  const destination = originalDestination(cluster, context, how.headers);
  if (isUnknown(destination)) return undetermined(walk, destination);
  if (destination === null) return how.fail(walk, 'no-host');
  const { address, port, reason } = destination;
  const selected = step('endpoint', 'selected', `${address}:${port}`, {
    reasons: [reason],
    cites: [field(cluster, 'type')],
  });
  const reached = reach(context, cluster, null, { address, port });
  if (isUnknown(reached)) return undetermined(withStep(walk, selected), reached);
  return reachHost(context, withStep(walk, selected), how, reached);
}

function toDynamicHost(
  context: ConnectionContext,
  { config }: EnvoyResource,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  if (how.headers === null && walk.resolvedHost === '') return how.fail(walk, 'no-host');
  const found = reachDynamicHost(context, config, how.authority, walk.resolvedHost);
  if (isUnknown(found)) return undetermined(walk, found);
  return reachHost(context, withStep(walk, found.step), how, found.reached);
}

const AGGREGATE = 'envoy.clusters.aggregate';

/** A priority of an aggregate cluster: one of a part that has hosts. */
interface LinearPriority {
  readonly part: KnownCluster & { readonly resource: EnvoyResource };
  readonly set: HostSet;
  /** Within the part. */
  readonly priority: number;
}

/**
 * Forwards to the clusters of an aggregate one as if their priorities were its own, one cluster after the other, those without hosts left
 * out (source/extensions/clusters/aggregate/cluster.cc, linearizePrioritySet): it draws the priority, and the cluster of that priority
 * the host.
 */
function toAggregate(
  context: ConnectionContext,
  { name: asked, config: aggregate }: EnvoyResource,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  const typed = fields(aggregate, 'cluster_type', 'typed_config');
  const beyond = unknownField(typed, KNOWN_AGGREGATE);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const linear = linearise(context, field(typed, 'clusters'));
  if (isUnknown(linear)) return undetermined(walk, linear);
  if (linear.length === 0) return how.fail(walk, 'no-host');
  const hosts = linear.flatMap(({ set, priority }, index) =>
    set.hosts.filter((host) => host.priority === priority).map((host) => ({ ...host, priority: index })),
  );
  const shares = sharePriorities(hosts, {
    overprovisioningFactor: (priority) => linear[priority]?.set.overprovisioningFactor ?? 0,
    panicThreshold: panicThreshold(aggregate),
    weightedPriorityHealth: false,
  });
  return shares.flatMap(({ priority, meant, percent }) => {
    const chosen = linear[priority];
    if (chosen === undefined) return [];
    const { part, set } = chosen;
    const shared = percent === 100 ? [] : [`it takes ${percent} % of the load`];
    const serves = step('cluster', 'serves', part.resource.name, {
      reasons: shared,
      cites: [field(part.resource.config, 'name')],
    });
    const met = withStep(branch(walk, percent / 100), serves);
    const left = subsetHosts(part.resource.config, set.hosts, how.criteria);
    if (isUnknown(left)) return undetermined(met, left);
    const own = { ...set, hosts: left };
    const picks = pickInPriority(part.resource.config, own, context.config, context.runtime, {
      priority: chosen.priority,
      meant,
    });
    if (isUnknown(picks)) return undetermined(met, picks);
    const choice = { dropOverload: null, picks: hostPicks(context, part.resource, own, picks, asked), shares: null };
    return spread(context, part, choice, met, how);
  });
}

/** The priorities of the parts, in order; a part that does not exist has none. */
function linearise(context: ConnectionContext, names: Cursor): LinearPriority[] | Unknown {
  const linear: LinearPriority[] = [];
  for (const name of names.strings()) {
    const part = clusterOf(context, name);
    const { resource } = part;
    if (resource === undefined || resource.state !== 'active') {
      if (context.config.complete) continue;
      return unknown(`cluster ${name} is not in this part of a config_dump`, names);
    }
    if (part.stopped !== null) return part.stopped;
    if (!HAS_HOSTS.has(part.type))
      return unknown(`cluster ${name} of an aggregate cluster is of a kind that is not evaluated`, names);
    const set = readHostSet(context.facts, context.config, resource);
    if (isUnknown(set)) return set;
    if (set.dropOverload !== null || countsAreOpen(set) || set.weightedPriorityHealth === true)
      return unknown(`how hosts of cluster ${name} count in an aggregate cluster is not known`, set.cite);
    const priorities = [...new Set(set.hosts.map((host) => host.priority))].toSorted((one, other) => one - other);
    for (const priority of priorities) linear.push({ part: { ...part, resource }, set, priority });
  }
  return linear;
}

const KNOWN_AGGREGATE = new Set(['@type', 'clusters']);
const HAS_HOSTS = new Set(['STATIC', 'EDS', 'STRICT_DNS', 'LOGICAL_DNS']);

function toHosts(context: ConnectionContext, cluster: KnownCluster, walk: Walk, how: Forwarding): EnvoyOutcome[] {
  const key = [...how.criteria].map(([name, value]) => `${name}=${value}`).join('\n');
  let choice = cluster.picks.get(key);
  if (choice === undefined) {
    choice = chooseHosts(context, cluster.resource, how.criteria);
    cluster.picks.set(key, choice);
  }
  if (isUnknown(choice)) return undetermined(walk, choice);
  // What shares tell needs no hash.
  const drawn = context.sharesOnly && choice.shares !== null ? choice : byHash(choice, how.hash);
  return spread(context, cluster, drawn, walk, how);
}

/** One branch for each host, or for all of them where nobody is told more than their shares. */
function spread(
  context: ConnectionContext,
  cluster: KnownCluster,
  choice: HostChoice,
  walk: Walk,
  how: Forwarding,
): EnvoyOutcome[] {
  const shares = context.sharesOnly ? choice.shares : null;
  if (shares !== null && limitOf(context.facts, cluster, poolOf(how), how.priority) === null) {
    context.budget.left -= shares.hosts.length;
    if (context.budget.left < 0) return tooMany(walk);
    return dropOverload(choice.dropOverload, walk, how, (kept) =>
      arriveAmong(context, kept, how, shares.first, shares.hosts),
    );
  }
  const { picks } = choice;
  context.budget.left -= picks.length;
  if (context.budget.left < 0) return tooMany(walk);
  return dropOverload(choice.dropOverload, walk, how, (kept) =>
    picks.flatMap(({ probability, conditions, step: picked, hashed, reached }) => {
      let drawn = branch(kept, probability);
      for (const condition of conditions) drawn = branch(drawn, 1, condition);
      const taken = withStep(drawn, picked);
      if (reached === null) return how.fail(taken, 'no-host');
      return isUnknown(reached) ? undetermined(taken, reached) : reachHost(context, taken, how, reached, hashed);
    }),
  );
}

function tooMany(walk: Walk): EnvoyOutcome[] {
  return undetermined(walk, unknown('the configuration has too many branches to follow'));
}

/** Which limits count once a host is chosen. */
const poolOf = ({ headers }: Forwarding): 'http' | 'tcp-pool' => (headers === null ? 'tcp-pool' : 'http');

/** Ends a branch at a host, unless the circuit breaker of its cluster refuses. */
function reachHost(
  context: ConnectionContext,
  walk: Walk,
  how: Forwarding,
  reached: Reached,
  hashed: HashGroup | null = null,
): EnvoyOutcome[] {
  const cluster = clusterOf(context, field(reached.cluster, 'name').string() ?? '');
  const retryHost = (): RetryHost => hostOfRetry(how, hashed);
  return unlessFull(
    context,
    cluster,
    poolOf(how),
    walk,
    how,
    (kept) => arrive(context, kept, how, reached, retryHost),
    () => upstreamEnd(context, walk, how, reached, retryHost),
  );
}

/**
 * Which host a retry asks. A hash leads to the same one again, unless that is refused for having been tried: then it is looked up
 * otherwise (source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc, LoadBalancerImpl::chooseHost).
 */
function hostOfRetry({ retries, hash }: Forwarding, hashed: HashGroup | null): RetryHost {
  const redraws = retries?.hostRedraws ?? 0;
  if (hashed !== null && hashed.size < 2) return 'same';
  if (isUnknown(redraws)) return redraws;
  if (hashed === null || hash() === null) return 'drawn';
  return redraws === 0 ? 'same' : unknown('which host follows in the hash table once one was tried is not evaluated');
}
