import type { ProxyDump } from '../../model/proxy-dump.ts';
import { clusterKey } from './cluster-name.ts';
import { HEALTH, internalAddress, type EndpointFilter } from './endpoint-statuses.ts';
import { enumName, field, isSet, list, number, text, withField } from './message.ts';
import { sortedBy, type SortKey, type Table } from './table.ts';

/**
 * ClusterLoadAssignments of the config_dump with the endpoints that pass the filter, in the order of the dump; those without such an
 * endpoint are left out. A dump that was taken without include_eds has none.
 */
export function* listAssignments(dump: ProxyDump, filter: EndpointFilter): Generator {
  const section = dump.section('EndpointsConfigDump');
  const holding = filter.port === null ? null : String(filter.port);
  for (const place of ['dynamic_endpoint_configs', 'static_endpoint_configs']) {
    for (const element of section?.passingElements(place, holding) ?? []) {
      yield* filteredAssignment(field(element, 'endpoint_config'), filter);
    }
  }
}

/** By the parts of the cluster's name. */
export function sortAssignments(assignments: Iterable<unknown>): readonly unknown[] {
  return sortedBy([...assignments], (assignment) => clusterKey(text(assignment, 'cluster_name')));
}

/** An assignment with the endpoints that pass, as a list: empty when none does. */
export function filteredAssignment(assignment: unknown, filter: EndpointFilter): readonly unknown[] {
  const cluster = text(assignment, 'cluster_name');
  if (filter.cluster !== null && cluster.toLowerCase() !== filter.cluster.toLowerCase()) return [];
  if (Object.values(filter).every((value) => value === null)) {
    return list(assignment, 'endpoints').some((group) => list(group, 'lb_endpoints').length > 0) ? [assignment] : [];
  }
  const groups = list(assignment, 'endpoints').map((group) => {
    const endpoints = list(group, 'lb_endpoints');
    const passing = endpoints.filter((endpoint) => passes(endpoint, filter));
    return { group: withField(group, 'lb_endpoints', passing), count: passing.length };
  });
  if (groups.every(({ count }) => count === 0)) return [];
  return [
    withField(
      assignment,
      'endpoints',
      groups.map(({ group }) => group),
    ),
  ];
}

function passes(endpoint: unknown, { address, port, status }: EndpointFilter): boolean {
  if (address !== null && !hasAddress(endpoint, address.toLowerCase())) return false;
  if (port !== null && number(endpoint, 'endpoint', 'address', 'socket_address', 'port_value') !== port) return false;
  return status === null || enumName(endpoint, 'health_status', HEALTH).toLowerCase() === status.toLowerCase();
}

/** Whether one of the addresses is that one, with its port or without. */
function hasAddress(endpoint: unknown, wanted: string): boolean {
  return addressesOf(endpoint).some(
    (address) =>
      addressText(address).toLowerCase() === wanted ||
      text(address, 'socket_address', 'address').toLowerCase() === wanted,
  );
}

/**
 * One row for each endpoint, by the parts of the cluster's name.
 * @param named with the kind before the name, as `all` shows it
 */
export function assignmentTable(assignments: Iterable<unknown>, named: boolean): Table {
  const groups: { key: SortKey; rows: readonly (readonly string[])[] }[] = [];
  for (const assignment of assignments) {
    const cluster = text(assignment, 'cluster_name');
    groups.push({ key: clusterKey(cluster), rows: endpointRows(assignment, cluster, named) });
  }
  const rows = sortedBy(groups, ({ key }) => key).flatMap((group) => group.rows);
  return { columns: ['NAME', 'STATUS', 'LOCALITY', 'CLUSTER'], rows, padding: 5 };
}

function endpointRows(assignment: unknown, cluster: string, named: boolean): readonly (readonly string[])[] {
  return list(assignment, 'endpoints').flatMap((group) => {
    const locality = localityText(field(group, 'locality'));
    return list(group, 'lb_endpoints').map((endpoint) => [
      `${named ? 'endpoint/' : ''}${addressesOf(endpoint).map(addressText).join(',')}`,
      enumName(endpoint, 'health_status', HEALTH),
      locality,
      cluster,
    ]);
  });
}

function addressesOf(endpoint: unknown): readonly unknown[] {
  const more = list(endpoint, 'endpoint', 'additional_addresses').map((one) => field(one, 'address'));
  return [field(endpoint, 'endpoint', 'address'), ...more];
}

function addressText(address: unknown): string {
  if (isSet(address, 'socket_address')) {
    return `${text(address, 'socket_address', 'address')}:${number(address, 'socket_address', 'port_value')}`;
  }
  if (isSet(address, 'pipe')) return text(address, 'pipe', 'path');
  return internalAddress(address) ?? 'unknown';
}

/** `region/zone/subzone`, up to the first that is missing. */
function localityText(locality: unknown): string {
  const region = text(locality, 'region');
  const [zone, subZone] = [text(locality, 'zone'), text(locality, 'sub_zone')];
  if (zone === '') return region;
  return subZone === '' ? `${region}/${zone}` : `${region}/${zone}/${subZone}`;
}
