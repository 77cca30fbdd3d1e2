import type { ProxyDump } from '../../model/proxy-dump.ts';
import { clusterKey } from './cluster-name.ts';
import { HEALTH, internalAddress, type EndpointFilter, type PlaceTraits } from './endpoint-statuses.ts';
import { enumName, field, isSet, list, number, text, withField } from '../../model/protobuf-message.ts';
import { clusterNameTraits, isSelecting, selects, type Traits } from './selection.ts';
import { sortedBy, type SortKey, type Table } from './table.ts';

/**
 * ClusterLoadAssignments of the config_dump with the endpoints that pass the filter, in the order of the dump; those without such an
 * endpoint are left out. A dump that was taken without include_eds has none.
 */
export function* listAssignments(dump: ProxyDump, filter: EndpointFilter, places: PlaceTraits): Generator {
  const section = dump.section('EndpointsConfigDump');
  const wish = { holding: filter.selection.port?.exact ?? null };
  for (const place of ['dynamic_endpoint_configs', 'static_endpoint_configs']) {
    for (const element of section?.passingElements(place, wish) ?? []) {
      yield* filteredAssignment(field(element, 'endpoint_config'), filter, places);
    }
  }
}

/** By the parts of the cluster's name. */
export function sortAssignments(assignments: Iterable<unknown>): readonly unknown[] {
  return sortedBy([...assignments], (assignment) => clusterKey(text(assignment, 'cluster_name')));
}

/** An assignment with the endpoints that pass, as a list: empty when none does. */
export function filteredAssignment(
  assignment: unknown,
  filter: EndpointFilter,
  places: PlaceTraits,
): readonly unknown[] {
  const cluster = text(assignment, 'cluster_name');
  if (filter.cluster !== null && cluster.toLowerCase() !== filter.cluster.toLowerCase()) return [];
  if (!isSelecting(filter.selection)) {
    return list(assignment, 'endpoints').some((group) => list(group, 'lb_endpoints').length > 0) ? [assignment] : [];
  }
  const groups = list(assignment, 'endpoints').map((group) => {
    const endpoints = list(group, 'lb_endpoints');
    const passing = endpoints.filter((endpoint) =>
      selects(filter.selection, endpointTraits(endpoint, cluster, places)),
    );
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

function endpointTraits(endpoint: unknown, cluster: string, places: PlaceTraits): Traits {
  return (trait) => {
    if (trait === 'address')
      return addressesOf(endpoint).flatMap((one) => [addressText(one), text(one, 'socket_address', 'address')]);
    if (trait === 'port') return [String(number(endpoint, 'endpoint', 'address', 'socket_address', 'port_value'))];
    if (trait === 'status') return [enumName(endpoint, 'health_status', HEALTH)];
    return trait === 'pod' || trait === 'node'
      ? addressesOf(endpoint).flatMap((one) => places(cluster, text(one, 'socket_address', 'address'))(trait))
      : clusterNameTraits(cluster)(trait);
  };
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
  const rows: (readonly string[])[] = [];
  for (const group of list(assignment, 'endpoints')) {
    const locality = localityText(field(group, 'locality'));
    for (const endpoint of list(group, 'lb_endpoints')) {
      const about = field(endpoint, 'endpoint');
      let addresses = addressText(field(about, 'address'));
      for (const more of list(about, 'additional_addresses')) addresses += `,${addressText(field(more, 'address'))}`;
      const health = enumName(endpoint, 'health_status', HEALTH);
      rows.push([named ? `endpoint/${addresses}` : addresses, health, locality, cluster]);
    }
  }
  return rows;
}

/** The first address of an endpoint, then the additional ones. */
export function addressesOf(endpoint: unknown): readonly unknown[] {
  const about = field(endpoint, 'endpoint');
  const more = list(about, 'additional_addresses').map((one) => field(one, 'address'));
  return [field(about, 'address'), ...more];
}

function addressText(address: unknown): string {
  const socket = field(address, 'socket_address');
  if (socket !== undefined) return `${text(socket, 'address')}:${number(socket, 'port_value')}`;
  if (isSet(address, 'pipe')) return text(address, 'pipe', 'path');
  return internalAddress(address) ?? 'unknown';
}

/** `region/zone/subzone`, up to the first that is missing. */
export function localityText(locality: unknown): string {
  const region = text(locality, 'region');
  const [zone, subZone] = [text(locality, 'zone'), text(locality, 'sub_zone')];
  if (zone === '') return region;
  return subZone === '' ? `${region}/${zone}` : `${region}/${zone}/${subZone}`;
}
