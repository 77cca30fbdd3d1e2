import type { ProxyClusterStatuses } from '../../model/proxy-dump.ts';
import { enumName, field, isSet, list, number, text, withField } from './message.ts';
import { sortedBy, type Table } from './table.ts';

export interface EndpointFilter {
  /** Address without port, in any case. */
  readonly address: string | null;
  readonly port: number | null;
  /** Name of the cluster, in any case. */
  readonly cluster: string | null;
  /** Health as EDS told it, in any case. */
  readonly status: string | null;
}

/** envoy.config.core.v3.HealthStatus */
export const HEALTH = ['UNKNOWN', 'HEALTHY', 'UNHEALTHY', 'DRAINING', 'TIMEOUT', 'DEGRADED'];

/** Statuses of clusters with the hosts that pass the filter; those without such a host are left out. */
export function* listClusterStatuses(clusters: ProxyClusterStatuses, filter: EndpointFilter): Generator {
  const filtered = Object.values(filter).some((value) => value !== null);
  for (const status of clusters.statuses(filter.port === null ? null : String(filter.port))) {
    if (filter.cluster !== null && !same(text(status, 'name'), filter.cluster)) continue;
    const hosts = list(status, 'host_statuses');
    const passing = filtered ? hosts.filter((host) => passes(host, filter)) : hosts;
    if (passing.length > 0)
      yield passing.length === hosts.length ? status : withField(status, 'host_statuses', passing);
  }
}

function passes(host: unknown, { address, port, status }: EndpointFilter): boolean {
  if (address !== null && !same(addressText(host), address)) return false;
  if (port !== null && portOf(host) !== port) return false;
  return status === null || same(health(host), status);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
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
