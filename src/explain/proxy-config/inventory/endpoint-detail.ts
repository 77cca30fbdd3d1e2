import { formatEndpoint } from '../../../model/address.ts';
import type { ProxyClusterStatuses, ProxyDump } from '../../../model/proxy-dump.ts';
import type { ClusterView } from '../../world/cluster-view.ts';
import { addressesOf, localityText } from '../endpoint-assignments.ts';
import { HEALTH, healthFlags, internalAddress } from '../endpoint-statuses.ts';
import { enumName, field, isSet, list, number, text } from '../../../model/protobuf-message.ts';
import { placeOfAddress, type EndpointPlace } from './endpoint-place.ts';
import { statedResources } from './stated-resources.ts';

/** One host of a cluster, as far as the config_dump, /clusters and the objects of its cluster tell. */
export interface EndpointDetail {
  readonly cluster: string;
  /** Address with port as istioctl prints it, but IPv6 in brackets. */
  readonly endpoint: string;
  readonly address: string;
  /** 0: it has none. */
  readonly port: number;
  /** As EDS told it. */
  readonly health: string;
  /** Whether the proxy would send it a request, as far as its health counts and is known. */
  readonly usable: boolean;
  /** What else /clusters tells of its health: `failed-active-health-check`, `pending-removal` …; null: /clusters was not read. */
  readonly flags: readonly string[] | null;
  readonly ejected: boolean | null;
  readonly weight: number | null;
  readonly priority: number;
  /** `region/zone/subzone` */
  readonly locality: string | null;
  /** null: /clusters was not read. */
  readonly activeRequests: number | null;
  /** In percent; null: the proxy has not seen enough requests, or /clusters was not read. */
  readonly successRate: number | null;
  readonly pod: string | null;
  readonly node: string | null;
  readonly zone: string | null;
  /** As the EndpointSlice has it: `ready`, `serving`, `terminating`, `not-ready`; null: no slice that was captured has it. */
  readonly sliceCondition: string | null;
  /** Where it was found. */
  readonly sources: readonly ('config_dump' | 'clusters')[];
}

export interface EndpointSources {
  readonly dump: ProxyDump | null;
  readonly statuses: ProxyClusterStatuses | null;
  readonly view: ClusterView | null;
}

/**
 * Every host of every cluster, from both answers of the proxy where both are there, by cluster and then as the proxy lists them; one
 * after the other, for there may be hundreds of thousands.
 */
export function* endpointDetails({ dump, statuses, view }: EndpointSources): Generator<EndpointDetail> {
  const places = view === null ? null : placeOfAddress(view);
  if (dump !== null && statuses === null && isAssignedOnce(dump)) {
    for (const hosts of assignments(dump)) for (const host of byKey(hosts).values()) yield detailOf(host, places);
    return;
  }
  if (dump === null && statuses !== null && isToldOnce(statuses)) {
    for (const status of statuses.statuses())
      for (const host of byKey(hostsOfStatus(status)).values()) yield detailOf(host, places);
    return;
  }
  const found = byKey(dump === null ? [] : assignedHosts(dump));
  for (const host of statuses === null ? [] : statedHosts(statuses)) {
    const known = found.get(keyOf(host));
    found.set(keyOf(host), known === undefined ? host : merged(known, host));
  }
  for (const [key, host] of found) {
    yield detailOf(host, places);
    // Each is held once.
    found.delete(key);
  }
}

/** Of a host that is listed twice, what is told last counts, where it was told first. */
function byKey(hosts: Iterable<Host>): Map<string, Host> {
  const found = new Map<string, Host>();
  for (const host of hosts) found.set(keyOf(host), host);
  return found;
}

/** Whether no cluster has endpoints of two assignments, so that each can be listed by itself. */
function isAssignedOnce(dump: ProxyDump): boolean {
  const clusters = clustersByService(dump);
  const seen = new Set<string>();
  for (const { resource } of statedResources(dump, 'endpoint', { without: ['endpoints": ['] })) {
    const service = text(resource, 'cluster_name');
    for (const cluster of clusters.get(service) ?? [service]) {
      if (seen.has(cluster)) return false;
      seen.add(cluster);
    }
  }
  return true;
}

/** Whether no cluster is told of twice, likewise. */
function isToldOnce(statuses: ProxyClusterStatuses): boolean {
  const seen = new Set<string>();
  let count = 0;
  for (const status of statuses.statuses({ without: ['host_statuses": [', 'circuit_breakers": {'] })) {
    seen.add(text(status, 'name'));
    count += 1;
  }
  return seen.size === count;
}

const FROM_DUMP = ['config_dump'] as const;
const FROM_STATUSES = ['clusters'] as const;
const FROM_BOTH = [...FROM_DUMP, ...FROM_STATUSES] as const;

type Place = 'pod' | 'node' | 'zone' | 'sliceCondition' | 'usable';
type Host = Omit<EndpointDetail, Place>;

function keyOf({ cluster, endpoint }: Host): string {
  return `${cluster}\n${endpoint}`;
}

/** What the proxy does counts before what it was told. */
function merged(assigned: Host, stated: Host): Host {
  return {
    ...stated,
    weight: stated.weight ?? assigned.weight,
    locality: stated.locality ?? assigned.locality,
    sources: FROM_BOTH,
  };
}

const UNUSABLE = new Set(['UNHEALTHY', 'DRAINING', 'TIMEOUT']);
const HARMLESS = new Set(['failed-active-degraded-check']);

function detailOf(host: Host, places: ((host: Host) => EndpointPlace) | null): EndpointDetail {
  const place = places?.(host) ?? { pod: null, node: null, zone: null, sliceCondition: null };
  return { ...host, usable: isUsable(host), ...place };
}

function isUsable({ flags, health }: Host): boolean {
  const failing = (flags ?? []).some((flag) => !HARMLESS.has(flag));
  return !failing && !UNUSABLE.has(health);
}

function* assignedHosts(dump: ProxyDump): Generator<Host> {
  for (const hosts of assignments(dump)) yield* hosts;
}

/** Hosts of each assignment of the config_dump. It stands under the name that its clusters ask EDS for. */
function* assignments(dump: ProxyDump): Generator<readonly Host[]> {
  const clusters = clustersByService(dump);
  for (const { resource } of statedResources(dump, 'endpoint')) {
    const service = text(resource, 'cluster_name');
    yield hostsOf(resource, clusters.get(service) ?? [service]);
  }
}

function hostsOf(assignment: unknown, clusters: readonly string[]): readonly Host[] {
  const hosts: Host[] = [];
  for (const group of list(assignment, 'endpoints')) {
    const locality = localityText(field(group, 'locality')) || null;
    const priority = number(group, 'priority');
    for (const endpoint of list(group, 'lb_endpoints')) {
      const about = addressAbout(addressesOf(endpoint)[0]);
      const weight = isSet(endpoint, 'load_balancing_weight') ? number(endpoint, 'load_balancing_weight') : null;
      const health = enumName(endpoint, 'health_status', HEALTH);
      const told = { health, flags: null, ejected: null, activeRequests: null, successRate: null };
      for (const cluster of clusters) {
        hosts.push({ cluster, ...about, ...told, weight, priority, locality, sources: FROM_DUMP });
      }
    }
  }
  return hosts;
}

/** What the names of clusters have nothing to do with. */
const BESIDE_NAMES = ['transport_socket_matches": [', 'transport_socket": {', 'metadata": {', 'load_assignment": {'];

/** Clusters by the name that they ask EDS for, where it is another than their own. */
function clustersByService(dump: ProxyDump): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { resource, state } of statedResources(dump, 'cluster', { without: BESIDE_NAMES })) {
    if (state !== 'active') continue;
    const name = text(resource, 'name');
    const service = text(resource, 'eds_cluster_config', 'service_name') || name;
    const known = names.get(service);
    if (known === undefined) names.set(service, [name]);
    else if (!known.includes(name)) known.push(name);
  }
  return names;
}

function* statedHosts(statuses: ProxyClusterStatuses): Generator<Host> {
  for (const status of statuses.statuses()) yield* hostsOfStatus(status);
}

function hostsOfStatus(status: unknown): readonly Host[] {
  const cluster = text(status, 'name');
  let locality = '';
  return list(status, 'host_statuses').map((host) => {
    const health = field(host, 'health_status');
    // One text for neighbours of one place.
    const place = localityText(field(host, 'locality'));
    if (place !== locality) locality = place;
    return {
      cluster,
      ...addressAbout(field(host, 'address')),
      health: enumName(health, 'eds_health_status', HEALTH),
      flags: healthFlags(host),
      ejected: field(health, 'failed_outlier_check') === true,
      weight: isSet(host, 'weight') ? number(host, 'weight') : null,
      priority: number(host, 'priority'),
      locality: locality || null,
      activeRequests: statistic(host, 'rq_active'),
      successRate: isSet(host, 'success_rate') ? number(host, 'success_rate', 'value') : null,
      sources: FROM_STATUSES,
    };
  });
}

function statistic(host: unknown, name: string): number {
  return number(
    list(host, 'stats').find((one) => text(one, 'name') === name),
    'value',
  );
}

function addressAbout(address: unknown): Pick<Host, 'endpoint' | 'address' | 'port'> {
  if (isSet(address, 'socket_address')) {
    const ip = text(address, 'socket_address', 'address');
    const port = number(address, 'socket_address', 'port_value');
    return { endpoint: port === 0 ? ip : formatEndpoint(ip, port), address: ip, port };
  }
  const other = isSet(address, 'pipe')
    ? `unix://${text(address, 'pipe', 'path')}`
    : (internalAddress(address) ?? 'unknown');
  return { endpoint: other, address: other, port: 0 };
}

/** Counts hosts by cluster, as {@link endpointDetails} would list them; a cluster that is absent has none that is known. */
export function countEndpoints({ dump, statuses }: EndpointSources): Map<string, { healthy: number; total: number }> {
  const clusters = new Map<string, Map<string, boolean>>();
  const add = (host: Host): void => {
    const own = clusters.get(host.cluster) ?? new Map<string, boolean>();
    clusters.set(host.cluster, own.set(host.endpoint, isUsable(host)));
  };
  if (dump !== null) for (const host of assignedHosts(dump)) add(host);
  // What the proxy does counts before what it was told.
  if (statuses !== null) for (const host of statedHosts(statuses)) add(host);
  const counts = new Map<string, { healthy: number; total: number }>();
  for (const [cluster, hosts] of clusters) {
    const healthy = [...hosts.values()].filter(Boolean).length;
    counts.set(cluster, { healthy, total: hosts.size });
  }
  return counts;
}
