import type { Condition, Unknown } from '../../../../model/branching.ts';
import type { EnvoyFacts, EnvoyResource } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field, fields, unknown } from '../proto-json.ts';

export type Priority = 'DEFAULT' | 'HIGH';

/** A limit of a circuit breaker that is reached. */
export interface Overflow {
  /** `max_requests of 1024` */
  readonly text: string;
  readonly cite: Cursor;
  /** A host is connected to before it refuses. */
  readonly afterConnecting: boolean;
  /** null: it allows nothing at all; else that the load is still as it was when it was captured. */
  readonly condition: ((reached: boolean) => Condition) | null;
}

const PRIORITIES = ['DEFAULT', 'HIGH'];
const DEFAULT_LIMIT = 1024;

/** Limits that refuse (`tcp-pool`: once a host is chosen), with the gauge of each host that counts against them. */
const LIMITS = {
  http: [
    ['max_pending_requests', null],
    ['max_requests', 'rq_active'],
  ],
  tcp: [['max_connections', 'cx_active']],
  'tcp-pool': [['max_pending_requests', null]],
} as const;

/**
 * The limit of a cluster's circuit breaker that refuses what is sent to it (`overflow`). A request over HTTP is refused where no more
 * requests, or none that wait for a connection, are allowed, but not for want of connections, of which a pool may always have one
 * (ConnPoolImplBase::newStreamImpl and tryCreateNewConnection, source/common/conn_pool/conn_pool_base.cc); a TCP proxy looks at
 * connections (TcpProxy::Filter::establishUpstreamConnection), and so does its pool at those that wait. What is active is summed up from /clusters where that was captured.
 */
export function reachedLimit(
  facts: EnvoyFacts,
  { name, config: cluster }: EnvoyResource,
  protocol: keyof typeof LIMITS,
  priority: Priority,
): Overflow | null {
  const thresholds = thresholdsOf(cluster, priority);
  const hosts = facts.clusters?.cluster(name);
  for (const [limit, gauge] of LIMITS[protocol]) {
    const configured = thresholds === undefined ? undefined : field(thresholds, limit);
    const most = configured?.number() ?? DEFAULT_LIMIT;
    const cite = configured?.exists === true ? configured : field(cluster, 'name');
    const text = `${limit} of ${most}`;
    // ConnPoolImplBase::attachStreamToClient
    const afterConnecting = limit === 'max_requests';
    if (most === 0) return { text, cite, afterConnecting, condition: null };
    if (gauge === null || hosts === undefined || activeOf(hosts, gauge) < most) continue;
    const rate = `${text} of cluster ${name}, as it was when /clusters was captured,`;
    const condition = (reached: boolean): Condition => ({
      key: `circuit-breaker:${name}:${limit}`,
      value: !reached,
      subject: { kind: 'limit', rate },
    });
    return { text, cite, afterConnecting, condition };
  }
  return null;
}

function thresholdsOf(cluster: Cursor, priority: Priority): Cursor | undefined {
  return fields(cluster, 'circuit_breakers', 'thresholds')
    .items()
    .find((one) => (enumName(field(one, 'priority'), PRIORITIES) ?? 'DEFAULT') === priority);
}

/** The sum of a gauge over the hosts of a cluster's status. */
function activeOf(status: Cursor, gauge: string): number {
  const stats = field(status, 'host_statuses')
    .items()
    .flatMap((host) => field(host, 'stats').items())
    .filter((stat) => field(stat, 'name').string() === gauge);
  return stats.reduce((sum, stat) => sum + (field(stat, 'value').number() ?? 0), 0);
}

const DEFAULT_RETRY_CONCURRENCY = 3;

/**
 * Whether a cluster's circuit breaker allows a request without others beside it to be tried again. Retries are counted while they wait
 * to be sent, one at a time for each request (source/common/upstream/resource_manager_impl.h, RetryBudgetImpl).
 */
export function retriesAllowed(cluster: Cursor, priority: Priority): boolean | Unknown {
  const thresholds = thresholdsOf(cluster, priority);
  if (thresholds === undefined) return true;
  const budget = field(thresholds, 'retry_budget');
  if (!budget.exists) return field(thresholds, 'max_retries').number() !== 0;
  const least = field(budget, 'min_retry_concurrency').number() ?? DEFAULT_RETRY_CONCURRENCY;
  return least > 0 || unknown('whether the retry budget allows a retry depends on the load', budget);
}
