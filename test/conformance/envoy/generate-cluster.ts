import type { Random } from './random.ts';

/** Names of the clusters of every world; `nosuch` is named by routes and does not exist. */
export const CLUSTERS = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'empty'] as const;
export const MISSING_CLUSTER = 'nosuch';

const STATUSES = ['HEALTHY', 'HEALTHY', 'HEALTHY', 'UNHEALTHY', 'DEGRADED', 'DRAINING', 'TIMEOUT', 'UNKNOWN'];
const VERSIONS = ['v1', 'v2', 'v3'];

/** A random cluster whose hosts are among the given ports. */
export function randomCluster(
  random: Random,
  name: string,
  ports: readonly number[],
  folder: string,
): { cluster: object; assignment: object | null } {
  const assignment = {
    cluster_name: name,
    endpoints: name === 'empty' ? [] : localities(random, ports),
    ...policy(random),
  };
  const eds = random.chance(0.5);
  const discovery = eds
    ? {
        type: 'EDS',
        eds_cluster_config: {
          eds_config: { resource_api_version: 'V3', path_config_source: { path: `${folder}/eds-${name}.json` } },
        },
      }
    : { type: 'STATIC', load_assignment: assignment };
  return {
    cluster: {
      name,
      connect_timeout: '1s',
      ...discovery,
      ...balancing(random),
      ...random.maybe(0.4, () => subsets(random)),
      ...random.maybe(0.08, () => ({ circuit_breakers: { thresholds: [noRoom(random), noRoom(random, 'HIGH')] } })),
    },
    assignment: eds ? assignment : null,
  };
}

/** Name of the cluster that is made of others. */
export const AGGREGATE = 'aggregate';

export function aggregateCluster(random: Random): object {
  const type = 'type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig';
  const clusters = random.some([...CLUSTERS].toReversed(), 2, 4);
  return {
    name: AGGREGATE,
    connect_timeout: '1s',
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: { name: 'envoy.clusters.aggregate', typed_config: { '@type': type, clusters } },
  };
}

function localities(random: Random, ports: readonly number[]): object[] {
  const left = [...ports];
  const groups = 1 + random.below(3);
  const hostile = random.chance(0.5);
  const lastPriority = random.pick([0, 0, 1, 2]);
  const priorities = Array.from({ length: groups }, (_, index) => Math.min(index, lastPriority));
  return priorities.map((priority, index) => ({
    locality: { zone: `zone-${random.chance(0.8) ? index : 0}-${priority}` },
    priority,
    ...random.maybe(0.7, () => ({ load_balancing_weight: 1 + random.below(5) })),
    lb_endpoints: left.splice(0, 1 + random.below(3)).map((port) => ({
      endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } },
      health_status: hostile ? random.pick(STATUSES) : 'HEALTHY',
      ...random.maybe(0.3, () => ({ load_balancing_weight: 1 + random.below(4) })),
      metadata: {
        filter_metadata: {
          'envoy.lb': { version: random.pick(VERSIONS), ...random.maybe(0.5, () => ({ stage: 'prod' })) },
        },
      },
    })),
  }));
}

/** A circuit breaker that allows nothing of one kind. */
function noRoom(random: Random, priority = 'DEFAULT'): object {
  return { priority, [random.pick(['max_requests', 'max_pending_requests', 'max_connections', 'max_retries'])]: 0 };
}

function policy(random: Random): object {
  return random.maybe(0.3, () => ({ policy: { overprovisioning_factor: random.pick([100, 140, 200]) } }));
}

function balancing(random: Random): object {
  const name = random.pick(['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'RING_HASH', 'MAGLEV']);
  const hashes = name === 'RING_HASH' || name === 'MAGLEV';
  const panic = random.maybe(0.5, () => ({ healthy_panic_threshold: { value: random.pick([0, 20, 50, 100]) } }));
  const locality = random.maybe(hashes ? 0 : 0.4, () => ({ locality_weighted_lb_config: {} }));
  return { lb_policy: name, common_lb_config: { ...panic, ...locality } };
}

function subsets(random: Random): object {
  const selectors = [
    {
      keys: ['version'],
      ...random.maybe(0.4, () => ({ fallback_policy: random.pick(['NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET']) })),
    },
    { keys: ['stage', 'version'] },
  ];
  return {
    lb_subset_config: {
      fallback_policy: random.pick(['NO_FALLBACK', 'ANY_ENDPOINT', 'DEFAULT_SUBSET']),
      default_subset: { version: random.pick(VERSIONS) },
      subset_selectors: random.some(selectors, 1, 2),
    },
  };
}

/** Random `metadata_match` of a route. */
export function metadataMatch(random: Random): object {
  return random.maybe(0.25, () => ({
    metadata_match: {
      filter_metadata: {
        'envoy.lb': { version: random.pick([...VERSIONS, 'v9']), ...random.maybe(0.3, () => ({ stage: 'prod' })) },
      },
    },
  }));
}
