import type { ProxyClusterStatuses } from '../../model/proxy-dump.ts';
import { enumName, field, isSet, list, number, text, withField } from '../../model/protobuf-message.ts';
import type { Detail } from './resources.ts';
import { clusterNameTraits, isSelecting, selects, type Selection, type Traits } from './selection.ts';
import { sortedBy, type Table } from './table.ts';

export interface EndpointFilter {
  /** Name of the cluster, in any case. */
  readonly cluster: string | null;
  readonly selection: Selection;
}

/** Traits of the place where an endpoint of a cluster runs: its pod and node. */
export type PlaceTraits = (cluster: string, address: string) => Traits;

/** envoy.config.core.v3.HealthStatus */
export const HEALTH = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'];

/** What neither cells nor filters look at. */
const UNSHOWN = ['stats": [', 'circuit_breakers": {'];

/** Statuses of clusters with the hosts that pass the filter; those without such a host are left out. */
export function* listClusterStatuses(
  clusters: ProxyClusterStatuses,
  { cluster, selection }: EndpointFilter,
  places: PlaceTraits,
  detail: Detail,
): Generator {
  const filtered = isSelecting(selection);
  const wish = { holding: selection.port?.exact ?? null, without: detail === 'cells' ? UNSHOWN : [] };
  for (const status of clusters.statuses(wish)) {
    const name = text(status, 'name');
    if (cluster !== null && name.toLowerCase() !== cluster.toLowerCase()) continue;
    const hosts = list(status, 'host_statuses');
    const passing = filtered ? hosts.filter((host) => selects(selection, hostTraits(host, name, places))) : hosts;
    if (passing.length > 0)
      yield passing.length === hosts.length ? status : withField(status, 'host_statuses', passing);
  }
}

function hostTraits(host: unknown, cluster: string, places: PlaceTraits): Traits {
  return (trait) => {
    if (trait === 'address') return [addressText(host), `${addressText(host)}:${portOf(host)}`];
    if (trait === 'port') return [String(portOf(host))];
    if (trait === 'status') return statusValues(host);
    return trait === 'pod' || trait === 'node'
      ? places(cluster, addressText(host))(trait)
      : clusterNameTraits(cluster)(trait);
  };
}

/** Fields of HostHealthStatus that say that something is wrong, and how they are shown. */
const HEALTH_FLAGS = [
  ['failed_active_health_check', 'failed-active-health-check'],
  ['failed_outlier_check', 'failed-outlier-check'],
  ['failed_active_degraded_check', 'failed-active-degraded-check'],
  ['pending_dynamic_removal', 'pending-removal'],
  ['pending_active_hc', 'pending-first-health-check'],
  ['excluded_via_immediate_hc_fail', 'excluded-by-immediate-failure'],
  ['active_hc_timeout', 'health-check-timeout'],
] as const;

/** What is wrong with a host beside what EDS told: `failed-outlier-check` … */
export function healthFlags(host: unknown): string[] {
  const status = field(host, 'health_status');
  return HEALTH_FLAGS.filter(([name]) => field(status, name) === true).map(([, shown]) => shown);
}

/** What `--status` may ask for: the health as EDS told it, flags, and `ejected`. */
function statusValues(host: unknown): string[] {
  const flags = healthFlags(host);
  return [health(host), ...flags, ...(flags.includes('failed-outlier-check') ? ['ejected'] : [])];
}

/** One row for each host, by address, port and cluster. */
export function endpointStatusTable(statuses: Iterable<unknown>): Table {
  const hosts: { cluster: string; address: string; port: number; status: string; failed: boolean }[] = [];
  for (const status of statuses) {
    const cluster = text(status, 'name');
    for (const host of list(status, 'host_statuses')) {
      const failed = field(host, 'health_status', 'failed_outlier_check') === true;
      hosts.push({ cluster, address: addressText(host), port: portOf(host), status: health(host), failed });
    }
  }
  const sorted = sortedBy(hosts, (host) => [host.address, host.port, host.cluster]);
  const rows = sorted.map(({ address, port, status, failed, cluster }) => {
    const endpoint = port === 0 ? address : `${address}:${port}`;
    return [endpoint, status, failed ? 'FAILED' : 'OK', cluster];
  });
  return { columns: ['ENDPOINT', 'STATUS', 'OUTLIER CHECK', 'CLUSTER'], rows, padding: 5 };
}

function health(host: unknown): string {
  return enumName(field(host, 'health_status'), 'eds_health_status', HEALTH);
}

function portOf(host: unknown): number {
  return number(host, 'address', 'socket_address', 'port_value');
}

function addressText(host: unknown): string {
  if (isSet(host, 'address', 'socket_address')) return text(host, 'address', 'socket_address', 'address');
  if (isSet(host, 'address', 'pipe')) return `unix://${text(host, 'address', 'pipe', 'path')}`;
  return internalAddress(field(host, 'address')) ?? 'unknown';
}

/** `envoy://LISTENER/ENDPOINT` of an address that another listener of the proxy answers. */
export function internalAddress(address: unknown): string | undefined {
  if (!isSet(address, 'envoy_internal_address', 'server_listener_name')) return undefined;
  const listener = text(address, 'envoy_internal_address', 'server_listener_name');
  return `envoy://${listener}/${text(address, 'envoy_internal_address', 'endpoint_id')}`;
}
