import type { Unknown } from '../../../../model/branching.ts';
import { LB_POLICIES } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field, typeName, unknown } from '../proto-json.ts';
import { usesSubsets } from './subset.ts';

/** How a load balancer picks among the hosts that health, priority and locality leave. */
export interface LoadBalancingPolicy {
  readonly name: string;
  /** `weight`: in proportion to host weights; `uniform`: each alike; `state`: by a hash or a state that no dump shows. */
  readonly picks: 'weight' | 'uniform' | 'state';
  /** Picks by a table of healthy hosts that a hash looks up. */
  readonly hashes: boolean;
  /** Localities are drawn by their weights first. */
  readonly localityWeighted: boolean;
  /** Holds zone_aware_lb_config, if anything does. */
  readonly localityConfig: Cursor;
  /** The configuration of a typed policy; null: it stands in fields of the cluster. */
  readonly typed: Cursor | null;
  /** The part of the configuration that says so. */
  readonly cite: Cursor;
}

/** RANDOM does not look at weights (source/extensions/load_balancing_policies/random/random_lb.cc). */
const PICKS: Readonly<Record<string, LoadBalancingPolicy['picks']>> = {
  ROUND_ROBIN: 'weight',
  LEAST_REQUEST: 'weight',
  RANDOM: 'uniform',
  RING_HASH: 'state',
  MAGLEV: 'state',
};

/** Typed policies (envoy.extensions.load_balancing_policies.*) by the name that they had before. */
const TYPED: Readonly<Record<string, string>> = {
  'envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin': 'ROUND_ROBIN',
  'envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest': 'LEAST_REQUEST',
  'envoy.extensions.load_balancing_policies.random.v3.Random': 'RANDOM',
  'envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash': 'RING_HASH',
  'envoy.extensions.load_balancing_policies.maglev.v3.Maglev': 'MAGLEV',
};
const WRR_LOCALITY = 'envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality';
const NESTING_LIMIT = 5;

/** The policy of a Cluster: `load_balancing_policy` where it is set, else `lb_policy` with its own options. */
export function readPolicy(cluster: Cursor): LoadBalancingPolicy | Unknown {
  const typed = field(cluster, 'load_balancing_policy');
  if (typed.exists) return typedPolicy(typed, false, 0);
  const name = enumName(field(cluster, 'lb_policy'), LB_POLICIES) ?? 'ROUND_ROBIN';
  const picks = PICKS[name];
  if (picks === undefined)
    return unknown(`the load balancing policy ${name} is not understood`, field(cluster, 'lb_policy'));
  const common = field(cluster, 'common_lb_config');
  const slow = ['least_request_lb_config', 'round_robin_lb_config'].some(
    (options) => field(field(cluster, options), 'slow_start_config').exists,
  );
  return {
    name,
    picks: slow ? 'state' : picks,
    hashes: picks === 'state',
    // A subset load balancer looks at localities only when locality_weight_aware is set.
    localityWeighted: field(common, 'locality_weighted_lb_config').exists && !usesSubsets(cluster),
    localityConfig: common,
    typed: null,
    cite: field(cluster, 'lb_policy'),
  };
}

/** The first policy of the list that Envoy has; a list that begins with one unknown here is not evaluated. */
function typedPolicy(list: Cursor, localityWeighted: boolean, depth: number): LoadBalancingPolicy | Unknown {
  const policy = field(list, 'policies').items()[0];
  const any = field(field(policy ?? list, 'typed_extension_config'), 'typed_config');
  const type = typeName(any) ?? '';
  if (type === WRR_LOCALITY && depth < NESTING_LIMIT) {
    return typedPolicy(field(any, 'endpoint_picking_policy'), true, depth + 1);
  }
  const name = TYPED[type];
  const picks = name === undefined ? undefined : PICKS[name];
  if (name === undefined || picks === undefined) {
    return unknown(`the load balancing policy ${type} is not understood`, any.at('@type'));
  }
  const localityConfig = field(any, 'locality_lb_config');
  return {
    name,
    picks: field(any, 'slow_start_config').exists ? 'state' : picks,
    hashes: picks === 'state',
    localityWeighted:
      localityWeighted ||
      field(localityConfig, 'locality_weighted_lb_config').exists ||
      field(any, 'locality_weighted_lb_config').exists,
    localityConfig,
    typed: any,
    cite: any.at('@type'),
  };
}

/** Percent of healthy hosts below which a priority panics: 50 unless set (Cluster.CommonLbConfig.healthy_panic_threshold). */
export function panicThreshold(cluster: Cursor): number {
  const threshold = field(field(cluster, 'common_lb_config'), 'healthy_panic_threshold');
  return threshold.exists ? (field(threshold, 'value').number() ?? 0) : 50;
}
