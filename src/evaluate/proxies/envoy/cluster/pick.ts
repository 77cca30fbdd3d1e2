import type { Condition, Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { EnvoyConfigDump } from '../../../../model/envoy.ts';
import { field, fields, unknown } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { hashGroup } from './hash-group.ts';
import type { HashGroup } from './hash-group.ts';
import { failsOnPanic, localityKey, weightsDiffer } from './host-set.ts';
import type { Host, HostSet } from './host-set.ts';
import { panicThreshold, readPolicy } from './policy.ts';
import type { LoadBalancingPolicy } from './policy.ts';
import { priorityPanics, sharePriorities } from './priority.ts';
import type { PriorityOptions, PriorityShare } from './priority.ts';

/** A host that may be picked; `host: null`: none is, with that probability. */
export interface Pick {
  readonly host: Host | null;
  readonly probability: number;
  readonly conditions: readonly Condition[];
  readonly reasons: readonly string[];
  /** Where a hash chooses, and it is known how; else null. */
  readonly hashed: HashGroup | null;
}

interface Group {
  /** Tells it from the other groups of the cluster. */
  readonly key: string;
  readonly hosts: readonly Host[];
  readonly probability: number;
  readonly reasons: readonly string[];
}

/** The hosts that a cluster's load balancer may pick, with their probabilities. */
export function pickHosts(cluster: Cursor, set: HostSet, config: EnvoyConfigDump, runtime: Runtime): Pick[] | Unknown {
  if (set.hosts.length === 0)
    return [{ host: null, probability: 1, conditions: [], reasons: ['the cluster has no endpoints'], hashed: null }];
  const policy = readPolicy(cluster);
  if (isUnknown(policy)) return policy;
  const read = readings(set);
  if (read === null)
    return unknown('how the load is shared depends on health details that only /clusters?format=json shows', set.cite);
  const name = field(cluster, 'name').string() ?? '';
  const [only] = read;
  if (only !== undefined && read.length === 1) {
    const groups = groupHosts(cluster, only, policy, runtime);
    if (isUnknown(groups)) return groups;
    return (
      zoneAware(groups, policy, config) ??
      groups.flatMap((group) => {
        const share = Math.round(group.probability * 100);
        const hashed = policy.hashes ? hashGroup(cluster, only, policy, group.hosts, share) : null;
        return pickInGroup(name, group, policy, hashed);
      })
    );
  }
  const ways = new Map<string, { readonly groups: readonly Group[]; readonly suppositions: string[] }>();
  for (const reading of read) {
    const groups = groupHosts(cluster, reading, policy, runtime);
    if (isUnknown(groups)) return groups;
    const zoned = zoneAware(groups, policy, config);
    if (isUnknown(zoned)) return zoned;
    const way = ways.get(describe(groups)) ?? { groups, suppositions: [] };
    way.suppositions.push(supposition(reading));
    ways.set(describe(groups), way);
  }
  return [...ways.values()].flatMap(({ groups, suppositions }) => {
    const picks = groups.flatMap((group) => pickInGroup(name, group, policy));
    if (ways.size === 1) return picks;
    const value = suppositions.join(', or ');
    // Of other hosts, as of another subset, other ways are open.
    const key = `host-health:${name}:${set.hosts.map((host) => host.name).join()}`;
    const condition: Condition = { key, value, subject: { kind: 'host-health', cluster: name } };
    return picks.map((pick) => ({ ...pick, conditions: [condition, ...pick.conditions] }));
  });
}

/**
 * The hosts that a cluster's load balancer may pick where an aggregate cluster has chosen the priority and which of its hosts are meant
 * (AggregateLoadBalancerContext::determinePriorityLoad, source/extensions/clusters/aggregate/lb_context.h). Whether the priority panics
 * is the cluster's own affair, and a load balancer that hashes does not listen at all (ThreadAwareLoadBalancerBase::LoadBalancerImpl::chooseHost).
 */
export function pickInPriority(
  cluster: Cursor,
  set: HostSet,
  config: EnvoyConfigDump,
  runtime: Runtime,
  { priority, meant }: { readonly priority: number; readonly meant: PriorityShare['meant'] },
): Pick[] | Unknown {
  const policy = readPolicy(cluster);
  if (isUnknown(policy)) return policy;
  if (policy.hashes) return pickHosts(cluster, set, config, runtime);
  const panics = priorityPanics(set.hosts, priorityOptions(cluster, set), priority);
  const availability = panics ? 'all' : meant;
  const groups = shareGroups(set, { priority, availability, meant, percent: 100 }, policy);
  if (isUnknown(groups)) return groups;
  const zoned = zoneAware(groups, policy, config);
  if (isUnknown(zoned)) return zoned;
  return groups.flatMap((group) => pickInGroup(field(cluster, 'name').string() ?? '', group, policy));
}

/** Whether the dump leaves open how hosts of a set are counted. */
export function countsAreOpen(set: HostSet): boolean {
  return (readings(set)?.length ?? 2) > 1;
}

function priorityOptions(cluster: Cursor, set: HostSet): PriorityOptions {
  return {
    overprovisioningFactor: set.overprovisioningFactor,
    panicThreshold: panicThreshold(cluster),
    weightedPriorityHealth: set.weightedPriorityHealth ?? false,
  };
}

/** Unhealthy hosts of which every combination is looked at. */
const OPEN_HOSTS = 4;

/**
 * Every way to read what the dump leaves open: which unhealthy hosts drain, and so do not count, and whether weights count for health.
 * null: there are too many.
 */
function readings(set: HostSet): HostSet[] | null {
  if (set.hosts.every((host) => host.health === 'healthy' && host.excluded === false))
    return [{ ...set, weightedPriorityHealth: set.weightedPriorityHealth ?? false }];
  const open = set.hosts.filter((host) => host.excluded === undefined);
  if (open.length > OPEN_HOSTS) return null;
  const weighted =
    set.weightedPriorityHealth ??
    (weightsDiffer(set) && set.hosts.some((host) => host.health !== 'healthy') ? undefined : false);
  if (open.length === 0 && weighted !== undefined) return [{ ...set, weightedPriorityHealth: weighted }];
  const weightings = weighted === undefined ? [false, true] : [weighted];
  return Array.from({ length: 2 ** open.length }, (_, chosen) =>
    set.hosts.map((host) => {
      const place = open.indexOf(host);
      return place < 0 ? host : { ...host, excluded: Math.floor(chosen / 2 ** place) % 2 === 1 };
    }),
  ).flatMap((hosts) => weightings.map((weightedPriorityHealth) => ({ ...set, hosts, weightedPriorityHealth })));
}

/** What a reading supposes, as a clause. */
function supposition({ hosts, weightedPriorityHealth }: HostSet): string {
  const draining = hosts
    .filter((host) => host.health === 'unhealthy' && host.excluded === true)
    .map((host) => host.name);
  const drains =
    draining.length === 0 ? 'no host drains' : `${draining.join(' and ')} drain${draining.length > 1 ? '' : 's'}`;
  return weightedPriorityHealth === true ? `${drains} and health counts by weight` : drains;
}

function groupHosts(cluster: Cursor, set: HostSet, policy: LoadBalancingPolicy, runtime: Runtime): Group[] | Unknown {
  const allHealthy = set.hosts.every((host) => host.health === 'healthy');
  const overridden = allHealthy ? null : runtime.overridden('upstream.healthy_panic_threshold');
  if (overridden !== null) return overridden;
  const groups: Group[] = [];
  for (const share of sharePriorities(set.hosts, priorityOptions(cluster, set))) {
    const own = shareGroups(set, share, policy);
    if (isUnknown(own)) return own;
    groups.push(...own);
  }
  return groups;
}

/** The groups of hosts that a share is drawn from: localities, or all hosts of the priority. */
function shareGroups(set: HostSet, share: PriorityShare, policy: LoadBalancingPolicy): Group[] | Unknown {
  const drawn = policy.localityWeighted && !policy.hashes && share.availability !== 'all';
  const localities = drawn ? shareLocalities(set, share) : null;
  return localities ?? [wholePriority(set, share, policy)];
}

function wholePriority(set: HostSet, share: PriorityShare, policy: LoadBalancingPolicy): Group {
  const inPriority = set.hosts.filter((host) => host.priority === share.priority);
  const panics = share.availability === 'all';
  const refused = panics && failsOnPanic(policy.localityConfig);
  const hosts = panics ? (refused ? [] : inPriority) : inPriority.filter((host) => offered(set, share, policy, host));
  return { key: groupKey(share), hosts, probability: share.percent / 100, reasons: shareReasons(set, share) };
}

/**
 * Whether a host takes part in a share. A hash looks up healthy hosts alone, also where the share is for degraded ones
 * (ThreadAwareLoadBalancerBase::refresh), and none of a locality without weight.
 */
function offered(set: HostSet, share: PriorityShare, policy: LoadBalancingPolicy, host: Host): boolean {
  if (!policy.hashes) return host.health === share.availability;
  const weight = set.localityWeights?.get(localityKey(host.priority, host.locality)) ?? 0;
  return host.health === 'healthy' && (!policy.localityWeighted || weight > 0);
}

function groupKey(share: PriorityShare): string {
  return `${share.priority}:${share.availability}`;
}

function shareReasons(set: HostSet, share: PriorityShare): string[] {
  const reasons: string[] = [];
  if (set.hosts.some((host) => host.priority > 0))
    reasons.push(`priority ${share.priority} takes ${share.percent} % of the load`);
  if (share.availability === 'degraded') reasons.push('degraded hosts take what healthy ones cannot');
  if (share.availability === 'all' && set.hosts.some((host) => host.health !== 'healthy')) {
    reasons.push('too few hosts are healthy: panic mode ignores health');
  }
  return reasons;
}

/**
 * Draws the locality by its weight, scaled down where too few of its hosts are available (LocalityWrr,
 * source/extensions/load_balancing_policies/common/locality_wrr.cc). null: no locality has a weight, all hosts count alike.
 */
function shareLocalities(set: HostSet, share: PriorityShare): Group[] | null | Unknown {
  if (set.localityWeights === undefined) {
    return unknown('the weights of localities are needed, which config_dump?include_eds shows', set.cite);
  }
  const weights = new Map<number, number>();
  const inPriority = set.hosts.filter((host) => host.priority === share.priority);
  for (const locality of new Set(inPriority.map((host) => host.locality))) {
    const own = inPriority.filter((host) => host.locality === locality);
    const counted = own.filter((host) => host.excluded !== true).length;
    const eligible = own.filter((host) => host.health === share.availability).length;
    const ratio = counted === 0 ? 0 : Math.min(1, (set.overprovisioningFactor / 100) * (eligible / counted));
    const weight = (set.localityWeights.get(localityKey(share.priority, locality)) ?? 0) * ratio;
    if (weight > 0) weights.set(locality, weight);
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return null;
  return [...weights].map(([locality, weight]) => ({
    key: `${groupKey(share)}:${locality}`,
    hosts: inPriority.filter((host) => host.locality === locality && host.health === share.availability),
    probability: ((share.percent / 100) * weight) / total,
    reasons: [...shareReasons(set, share), `its locality takes ${percent(weight / total)} of the priority's load`],
  }));
}

/** Zone aware routing needs a local cluster (bootstrap cluster_manager.local_cluster_name) and two localities with healthy hosts. */
function zoneAware(groups: readonly Group[], policy: LoadBalancingPolicy, config: EnvoyConfigDump): Unknown | null {
  const local = fields(config.bootstrap, 'cluster_manager', 'local_cluster_name');
  if (!local.exists || policy.localityWeighted || policy.picks === 'state') return null;
  const several = groups.some((group) => new Set(group.hosts.map((host) => host.locality)).size > 1);
  return several ? unknown('zone aware routing shares the load by where other proxies run', local) : null;
}

function pickInGroup(
  cluster: string,
  group: Group,
  policy: LoadBalancingPolicy,
  hashed: HashGroup | null = null,
): Pick[] {
  const { hosts, probability, reasons } = group;
  const [only] = hosts;
  if (only === undefined)
    return [{ host: null, probability, conditions: [], reasons: [...reasons, 'no host of it is healthy'], hashed }];
  if (policy.picks === 'state' && hosts.length > 1) {
    return hosts.map((host) => ({
      host,
      probability,
      conditions: [
        {
          key: `host-choice:${cluster}:${group.key}`,
          value: host.name,
          subject: { kind: 'host-choice', policy: policy.name, cluster },
        },
      ],
      reasons,
      hashed,
    }));
  }
  const weight = (host: Host): number => (policy.picks === 'weight' ? host.weight : 1);
  const total = hosts.reduce((sum, host) => sum + weight(host), 0);
  return hosts.map((host) => ({
    host,
    probability: (probability * weight(host)) / total,
    conditions: [],
    reasons,
    hashed,
  }));
}

function describe(groups: readonly Group[] | Unknown): string {
  if (isUnknown(groups)) return '';
  return groups.map((group) => `${group.probability}=${group.hosts.map((host) => host.name).join()}`).join(';');
}

function percent(part: number): string {
  return `${Number((part * 100).toPrecision(4))} %`;
}
