import type { Cursor } from '../../../../model/json.ts';
import { enumName } from '../../../../model/protobuf-message.ts';
import { field, isTrue } from '../proto-json.ts';

export type Health = 'healthy' | 'degraded' | 'unhealthy';

/** How a load balancer counts a host. */
export interface HostHealth {
  readonly health: Health;
  /** Left out when shares are counted (panic, spill-over to other priorities); undefined: the dump does not tell. */
  readonly excluded: boolean | undefined;
  /** Clauses that say why it is not healthy. */
  readonly reasons: readonly string[];
}

const HEALTHY: HostHealth = { health: 'healthy', excluded: false, reasons: [] };
const EDS_STATUS = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'];

/**
 * Health as the ClusterLoadAssignment has it. Envoy prints its own coarse view there (HEALTHY, DEGRADED or UNHEALTHY, active checks
 * and outlier ejection included: source/server/admin/config_dump_handler.cc, addLbEndpoint); a control plane prints what it sent.
 * @param endpoint an LbEndpoint
 */
export function assignedHealth(endpoint: unknown): HostHealth {
  const status = enumName(endpoint, 'health_status', EDS_STATUS);
  switch (status) {
    case 'UNKNOWN':
    case 'HEALTHY':
      return HEALTHY;
    case 'DEGRADED':
      return { health: 'degraded', excluded: false, reasons: ['degraded'] };
    case 'DRAINING':
      return { health: 'unhealthy', excluded: true, reasons: ['draining'] };
    default:
      return { health: 'unhealthy', excluded: undefined, reasons: [status.toLowerCase()] };
  }
}

const UNHEALTHY_FLAGS: Readonly<Record<string, string>> = {
  failed_active_health_check: 'failed its active health check',
  failed_outlier_check: 'ejected by outlier detection',
};
const DEGRADED_FLAGS: Readonly<Record<string, string>> = {
  failed_active_degraded_check: 'degraded by active health checks',
  failed_degraded_outlier_detection: 'degraded by outlier detection',
};
const EXCLUDING_FLAGS: Readonly<Record<string, string>> = {
  pending_active_hc: 'awaits its first health check',
  excluded_via_immediate_hc_fail: 'took itself out of rotation',
};

/**
 * Health as /clusters shows it flag by flag (HostImpl::coarseHealth and excludeBasedOnHealthFlag,
 * source/common/upstream/upstream_impl.{h,cc}).
 */
export function reportedHealth(status: Cursor): HostHealth {
  const flags = field(status, 'health_status');
  const raised = (table: Readonly<Record<string, string>>): string[] =>
    Object.entries(table).flatMap(([name, reason]) => (isTrue(flags, name) ? [reason] : []));
  const eds = enumName(flags.value, 'eds_health_status', EDS_STATUS);
  const edsUnhealthy = eds === 'UNHEALTHY' || eds === 'TIMEOUT' || eds === 'DRAINING';
  const unhealthy = [...raised(UNHEALTHY_FLAGS), ...(edsUnhealthy ? [`discovery reports ${eds}`] : [])];
  const degraded = [...raised(DEGRADED_FLAGS), ...(eds === 'DEGRADED' ? ['discovery reports DEGRADED'] : [])];
  const excluding = raised(EXCLUDING_FLAGS);
  const health = unhealthy.length > 0 ? 'unhealthy' : degraded.length > 0 ? 'degraded' : 'healthy';
  return {
    health,
    excluded: excluding.length > 0 || eds === 'DRAINING',
    reasons: [...unhealthy, ...degraded, ...excluding],
  };
}
