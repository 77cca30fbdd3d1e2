import { canonical, formatEndpoint } from '../../../../model/address.ts';
import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyConfigDump, EnvoyFacts, EnvoyResource } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { field as valueOf, list, number, text } from '../../../../model/protobuf-message.ts';
import { enumName, field, fields, isTrue, typeName, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { assignedHealth, reportedHealth } from './health.ts';
import type { HostHealth } from './health.ts';

/** One host of a cluster. */
export interface Host extends HostHealth {
  /** An IP address, or a path or name for other kinds of address. */
  readonly address: string;
  readonly port: number;
  /** `10.0.0.1:80` */
  readonly name: string;
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  /** Index of its locality within the priority's localities. */
  readonly locality: number;
  /** Metadata of the endpoint and of its locality; null where the dump has none of them. */
  readonly metadata: (() => readonly Cursor[]) | null;
  readonly cites: () => readonly Cursor[];
}

/** The hosts of a cluster, and what its assignment says about sharing load among them. */
export interface HostSet {
  readonly hosts: readonly Host[];
  /** Weight of each locality, by priority and index; undefined: not known. */
  readonly localityWeights: ReadonlyMap<string, number> | undefined;
  readonly overprovisioningFactor: number;
  /** Shares of health are counted by weight; undefined: the dump does not tell. */
  readonly weightedPriorityHealth: boolean | undefined;
  /** `policy.drop_overloads`. */
  readonly dropOverload: Cursor | null;
  /** What an empty set is proven by. */
  readonly cite: Cursor;
}

const DNS_CLUSTER = 'envoy.extensions.clusters.dns.v3.DnsCluster';
const DISCOVERY = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'];

/** `EDS`, `STATIC` …; for an extension its type. */
export function discoveryType(cluster: Cursor): string {
  const extension = field(cluster, 'cluster_type');
  const typed = field(extension, 'typed_config');
  // The two that it stands for (source/extensions/clusters/dns/dns_cluster.cc, DnsClusterFactory).
  if (typeName(typed) === DNS_CLUSTER)
    return isTrue(typed, 'all_addresses_in_single_endpoint') ? 'LOGICAL_DNS' : 'STRICT_DNS';
  if (extension.exists) return field(extension, 'name').string() ?? 'extension';
  return enumName(field(cluster, 'type'), DISCOVERY) ?? 'STATIC';
}

/**
 * Reads a cluster's hosts: from the EndpointsConfigDump (`?include_eds`), with the health flags of /clusters beside it; else from
 * /clusters; else, for a static cluster that nothing checks, from its own load_assignment.
 */
export function readHostSet(facts: EnvoyFacts, config: EnvoyConfigDump, cluster: EnvoyResource): HostSet | Unknown {
  const sets = HOST_SETS.get(facts) ?? new Map<string, HostSet | Unknown>();
  HOST_SETS.set(facts, sets);
  const known = sets.get(cluster.name);
  if (known !== undefined) return known;
  const set = findHostSet(facts, config, cluster);
  sets.set(cluster.name, set);
  return set;
}

/** Whether it is known that a cluster of this name runs and has no host. */
export function isEmptyCluster(facts: EnvoyFacts, config: EnvoyConfigDump, name: string): boolean {
  const cluster = config.cluster(name);
  if (cluster === undefined || cluster.state !== 'active') return false;
  const set = readHostSet(facts, config, cluster);
  return !isUnknown(set) && set.hosts.length === 0;
}

/** What was read of each cluster, kept as long as the facts are. */
const HOST_SETS = new WeakMap<EnvoyFacts, Map<string, HostSet | Unknown>>();

function findHostSet(facts: EnvoyFacts, config: EnvoyConfigDump, cluster: EnvoyResource): HostSet | Unknown {
  const status = facts.clusters?.cluster(cluster.name);
  const edsName = fields(cluster.config, 'eds_cluster_config', 'service_name').string() ?? '';
  const assignments = config.endpoints(edsName === '' ? cluster.name : edsName);
  const unread = assignments.find(({ config: own }) => !own.exists);
  if (unread !== undefined) return unknown(`the endpoints ${unread.name} cannot be read`, unread.config);
  const [first, ...others] = assignments;
  const same = others.every((other) => sameValue(other.config, first?.config));
  if (first !== undefined && (same || status !== undefined))
    return fromAssignment(first.config, cluster.config, status);
  if (first !== undefined) return unknown(`several clusters share the endpoints ${edsName} and differ in their health`);
  if (status !== undefined) return fromStatus(status, cluster.config);
  const own = field(cluster.config, 'load_assignment');
  const checked = field(cluster.config, 'health_checks').exists || field(cluster.config, 'outlier_detection').exists;
  if (discoveryType(cluster.config) === 'STATIC' && !checked) return fromAssignment(own, cluster.config, undefined);
  return unknown(
    `the endpoints of cluster ${cluster.name} are not in the dump: they need config_dump?include_eds or /clusters?format=json`,
    field(cluster.config, 'name'),
  );
}

function sameValue(one: Cursor, other: Cursor | undefined): boolean {
  return JSON.stringify(one.value) === JSON.stringify(other?.value);
}

function fromAssignment(assignment: Cursor, cluster: Cursor, status: Cursor | undefined): HostSet {
  const statuses = statusByName(status);
  const hosts: Host[] = [];
  const localityWeights = new Map<string, number>();
  const counts = new Map<number, number>();
  for (const group of field(assignment, 'endpoints').items()) {
    const priority = field(group, 'priority').number() ?? 0;
    const locality = counts.get(priority) ?? 0;
    counts.set(priority, locality + 1);
    localityWeights.set(localityKey(priority, locality), field(group, 'load_balancing_weight').number() ?? 0);
    const groupMetadata = field(group, 'metadata');
    const endpoints = field(group, 'lb_endpoints');
    // By value: most hosts are only counted.
    for (const [index, endpoint] of list(group.value, 'lb_endpoints').entries()) {
      const { address, port, name } = hostAddress(valueOf(endpoint, 'endpoint', 'address', 'socket_address'));
      const reported = statuses?.get(name);
      const { health, excluded, reasons } =
        reported === undefined ? assignedHealth(endpoint) : reportedHealth(reported);
      hosts.push({
        address,
        port,
        name,
        health,
        excluded,
        reasons,
        hostname: text(endpoint, 'endpoint', 'hostname'),
        weight: Math.max(1, number(endpoint, 'load_balancing_weight')),
        priority,
        locality,
        metadata: () => [field(endpoints.child(index, endpoint), 'metadata'), groupMetadata],
        cites: () => assignmentCites(endpoints.child(index, endpoint), reported),
      });
    }
  }
  const policy = field(assignment, 'policy');
  const drop = field(policy, 'drop_overloads').items()[0] ?? null;
  const ownPolicy = fields(cluster, 'load_assignment', 'policy');
  const weighted = field(ownPolicy, 'weighted_priority_health').boolean();
  return {
    hosts,
    localityWeights,
    overprovisioningFactor: field(policy, 'overprovisioning_factor').number() ?? 140,
    weightedPriorityHealth: discoveryType(cluster) === 'EDS' ? undefined : (weighted ?? false),
    dropOverload: drop,
    cite: assignment.exists ? assignment : field(cluster, 'name'),
  };
}

/** The address of an endpoint, and where its health was found. */
function assignmentCites(endpoint: Cursor, reported: Cursor | undefined): Cursor[] {
  const socket = fields(endpoint, 'endpoint', 'address', 'socket_address');
  return [socket, field(reported ?? endpoint, 'health_status')];
}

function fromStatus(status: Cursor, cluster: Cursor): HostSet {
  const localities = new Map<string, number>();
  const counts = new Map<number, number>();
  const hosts = field(status, 'host_statuses')
    .items()
    .map((host): Host => {
      const priority = field(host, 'priority').number() ?? 0;
      const key = `${priority}:${JSON.stringify(field(host, 'locality').value ?? {})}`;
      const locality = localities.get(key) ?? counts.get(priority) ?? 0;
      if (!localities.has(key)) counts.set(priority, locality + 1);
      localities.set(key, locality);
      const socket = fields(host, 'address', 'socket_address');
      return {
        ...hostAddress(socket.value),
        ...reportedHealth(host),
        hostname: field(host, 'hostname').string() ?? '',
        weight: Math.max(1, field(host, 'weight').number() ?? 1),
        priority,
        locality,
        metadata: null,
        cites: () => [socket, field(host, 'health_status')],
      };
    });
  return {
    hosts,
    localityWeights: undefined,
    overprovisioningFactor: fields(cluster, 'load_assignment', 'policy', 'overprovisioning_factor').number() ?? 140,
    weightedPriorityHealth: undefined,
    dropOverload: null,
    cite: field(status, 'name'),
  };
}

function statusByName(status: Cursor | undefined): ReadonlyMap<string, Cursor> | undefined {
  if (status === undefined) return undefined;
  const hosts = field(status, 'host_statuses').items();
  return new Map(hosts.map((host) => [hostAddress(fields(host, 'address', 'socket_address').value).name, host]));
}

/** @param socket a SocketAddress */
function hostAddress(socket: unknown): { address: string; port: number; name: string } {
  const address = canonical(text(socket, 'address'));
  const port = number(socket, 'port_value');
  return { address, port, name: formatEndpoint(address, port) };
}

export function localityKey(priority: number, locality: number): string {
  return `${priority}/${locality}`;
}

/** Whether shares of health are counted by weight matters only where weights differ. */
export function weightsDiffer(set: HostSet): boolean {
  return new Set(set.hosts.map((host) => host.weight)).size > 1;
}

/** `fail_traffic_on_panic` and the like stand in the zone aware configuration. */
export function failsOnPanic(localityConfig: Cursor): boolean {
  return isTrue(field(localityConfig, 'zone_aware_lb_config'), 'fail_traffic_on_panic');
}
