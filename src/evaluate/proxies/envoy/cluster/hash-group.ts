import { httpProtocolOptions } from './upstream-http.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field } from '../proto-json.ts';
import { maglevTable, ringTable } from './hash-table.ts';
import type { HashedHost, HashTable } from './hash-table.ts';
import { localityKey } from './host-set.ts';
import type { Host, HostSet } from './host-set.ts';
import type { LoadBalancingPolicy } from './policy.ts';

/** Hosts of a priority among which a hash chooses. */
export interface HashGroup {
  /** How many hosts it has. */
  readonly size: number;
  readonly percent: number;
  /** The host to which a hash leads; null: there is none; undefined: the dump does not tell. */
  readonly hostOf: (hash: bigint) => Host | null | undefined;
}

/** Makes the group; its table is built when a hash is looked up. */
export function hashGroup(
  cluster: Cursor,
  set: HostSet,
  policy: LoadBalancingPolicy,
  hosts: readonly Host[],
  percent: number,
): HashGroup {
  let table: HashTable | null | undefined;
  return {
    size: hosts.length,
    percent,
    hostOf: (hash) => {
      if (hosts.length < 2) return hosts[0] ?? null;
      table ??= readTable(cluster, set, policy, hosts);
      return table === null ? undefined : hosts[table(hash)];
    },
  };
}

/**
 * The host for a hash, which first draws the priority (LoadBalancerBase::choosePriority) and then one of its hosts.
 * @param groups in the order of priorities, those for healthy hosts before those for degraded ones
 */
export function hostByHash(
  groups: readonly HashGroup[],
  hash: bigint,
): { readonly group: HashGroup; readonly host: Host | null } | undefined {
  const drawn = Number(hash % 100n) + 1;
  let upTo = 0;
  for (const group of groups) {
    upTo += group.percent;
    if (drawn > upTo) continue;
    const host = group.hostOf(hash);
    return host === undefined ? undefined : { group, host };
  }
  return undefined;
}

const HASH_FUNCTIONS = ['XX_HASH', 'MURMUR_HASH_2'];
const TYPED_HASH_FUNCTIONS = ['DEFAULT_HASH', 'XX_HASH', 'MURMUR_HASH_2'];

/** Fields that hash otherwise: by host names, which several hosts share, by the load, or by a policy of the cluster's own. */
const OTHERWISE = ['use_hostname_for_hashing', 'hash_balance_factor', 'hash_policy'];

/** null: it cannot be built from the dump. */
function readTable(
  cluster: Cursor,
  set: HostSet,
  policy: LoadBalancingPolicy,
  hosts: readonly Host[],
): HashTable | null {
  const { typed, name: kind } = policy;
  const own = typed ?? field(cluster, kind === 'MAGLEV' ? 'maglev_lb_config' : 'ring_hash_lb_config');
  const consistent = field(typed ?? field(cluster, 'common_lb_config'), 'consistent_hashing_lb_config');
  const otherwise =
    OTHERWISE.some((name) => field(own, name).exists || field(consistent, name).exists) ||
    field(httpProtocolOptions(cluster), 'hash_policy').exists;
  const hashed = otherwise ? null : hashedHosts(set, policy, hosts);
  if (hashed === null) return null;
  if (kind === 'MAGLEV') return maglevTable(hashed, field(own, 'table_size').number() ?? 65_537);
  const hashFunction = enumName(field(own, 'hash_function'), typed === null ? HASH_FUNCTIONS : TYPED_HASH_FUNCTIONS);
  if (hashFunction === 'MURMUR_HASH_2') return null;
  const maximum = field(own, 'maximum_ring_size').number() ?? 8 * 1024 * 1024;
  return ringTable(hashed, field(own, 'minimum_ring_size').number() ?? 1024, maximum);
}

/**
 * Keys and normalised weights of the hosts (hashKey and normalizeWeights,
 * source/extensions/load_balancing_policies/common/thread_aware_lb_impl.cc).
 */
function hashedHosts(set: HostSet, policy: LoadBalancingPolicy, hosts: readonly Host[]): HashedHost[] | null {
  const [first] = hosts;
  if (first === undefined || hosts.some((host) => host.metadata === null)) return null;
  const localities = new Set(set.hosts.filter((host) => host.priority === first.priority).map((host) => host.locality));
  const weightOf = (locality: number): number => set.localityWeights?.get(localityKey(first.priority, locality)) ?? 0;
  const total = [...localities].reduce((sum, locality) => sum + weightOf(locality), 0);
  if (policy.localityWeighted && (total === 0 || hosts.some((host) => weightOf(host.locality) === 0))) return null;
  const sums = new Map<number, number>();
  const groupOf = (host: Host): number => (policy.localityWeighted ? host.locality : 0);
  for (const host of hosts) sums.set(groupOf(host), (sums.get(groupOf(host)) ?? 0) + host.weight);
  return hosts.map((host) => {
    const share = policy.localityWeighted ? weightOf(host.locality) / total : 1;
    const [metadata] = host.metadata?.() ?? [];
    const key = metadata && field(metadata, 'filter_metadata').at('envoy.lb', 'hash_key').string();
    return {
      key: key === undefined || key === '' ? host.name : key,
      weight: (host.weight * share) / (sums.get(groupOf(host)) ?? 1),
    };
  });
}
