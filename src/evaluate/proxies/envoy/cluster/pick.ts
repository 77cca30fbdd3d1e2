import type { Condition, Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { EnvoyConfigDump } from '../../../../model/envoy.ts';
import { field, fields, unknown } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { isUnknown } from '../truth.ts';
import { failsOnPanic, localityKey, weightsDiffer } from './host-set.ts';
import type { Host, HostSet } from './host-set.ts';
import { panicThreshold, readPolicy } from './policy.ts';
import type { LoadBalancingPolicy } from './policy.ts';
import { sharePriorities } from './priority.ts';
import type { PriorityShare } from './priority.ts';

/** A host that may be picked; `host: null`: none is, with that probability. */
export interface Pick {
  readonly host: Host | null;
  readonly probability: number;
  readonly condition: Condition | null;
  readonly reasons: readonly string[];
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
    return [{ host: null, probability: 1, condition: null, reasons: ['the cluster has no endpoints'] }];
  const policy = readPolicy(cluster);
  if (isUnknown(policy)) return policy;
  const groups = readings(set).map((reading) => groupHosts(cluster, reading, policy, runtime));
  const [first, ...others] = groups;
  if (first === undefined || isUnknown(first)) return first ?? [];
  const differs = others.find((other) => isUnknown(other) || describe(other) !== describe(first));
  if (differs !== undefined) {
    return unknown('how the load is shared depends on health details that only /clusters?format=json shows', set.cite);
  }
  const zoned = zoneAware(first, policy, config);
  if (isUnknown(zoned)) return zoned;
  return first.flatMap((group) => pickInGroup(field(cluster, 'name').string() ?? '', group, policy));
}

/** Every way to read what the dump leaves open: whether unhealthy hosts count, and whether weights count for health. */
function readings(set: HostSet): HostSet[] {
  const open = set.hosts.some((host) => host.excluded === undefined);
  if (!open && set.weightedPriorityHealth !== undefined) return [set];
  const exclusions = open ? [false, true] : [false];
  const weighted =
    set.weightedPriorityHealth ??
    (weightsDiffer(set) && set.hosts.some((host) => host.health !== 'healthy') ? undefined : false);
  const weightings = weighted === undefined ? [false, true] : [weighted];
  return exclusions.flatMap((excluded) =>
    weightings.map((weightedPriorityHealth) => ({
      ...set,
      weightedPriorityHealth,
      hosts: set.hosts.map((host) => (host.excluded === undefined ? { ...host, excluded } : host)),
    })),
  );
}

function groupHosts(cluster: Cursor, set: HostSet, policy: LoadBalancingPolicy, runtime: Runtime): Group[] | Unknown {
  const threshold = panicThreshold(cluster);
  const allHealthy = set.hosts.every((host) => host.health === 'healthy');
  const overridden = allHealthy ? null : runtime.overridden('upstream.healthy_panic_threshold');
  if (overridden !== null) return overridden;
  const shares = sharePriorities(set.hosts, {
    overprovisioningFactor: set.overprovisioningFactor,
    panicThreshold: threshold,
    weightedPriorityHealth: set.weightedPriorityHealth ?? false,
  });
  const groups: Group[] = [];
  for (const share of shares) {
    const drawn = policy.localityWeighted && !policy.hashes && share.availability !== 'all';
    const localities = drawn ? shareLocalities(set, share) : null;
    if (isUnknown(localities)) return localities;
    groups.push(...(localities ?? [wholePriority(set, share, policy)]));
  }
  return groups;
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

function pickInGroup(cluster: string, group: Group, policy: LoadBalancingPolicy): Pick[] {
  const { hosts, probability, reasons } = group;
  const [only] = hosts;
  if (only === undefined)
    return [{ host: null, probability, condition: null, reasons: [...reasons, 'no host of it is healthy'] }];
  if (policy.picks === 'state' && hosts.length > 1) {
    return hosts.map((host) => ({
      host,
      probability,
      condition: {
        key: `host-choice:${cluster}:${group.key}`,
        value: host.name,
        subject: { kind: 'host-choice', policy: policy.name, cluster },
      },
      reasons,
    }));
  }
  const weight = (host: Host): number => (policy.picks === 'weight' ? host.weight : 1);
  const total = hosts.reduce((sum, host) => sum + weight(host), 0);
  return hosts.map((host) => ({ host, probability: (probability * weight(host)) / total, condition: null, reasons }));
}

function describe(groups: readonly Group[] | Unknown): string {
  if (isUnknown(groups)) return '';
  return groups.map((group) => `${group.probability}=${group.hosts.map((host) => host.name).join()}`).join(';');
}

function percent(part: number): string {
  return `${Number((part * 100).toPrecision(4))} %`;
}
