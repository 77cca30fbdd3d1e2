/**
 * What a ztunnel knows, as rows of `istioctl ztunnel-config` (istioctl/pkg/writer/ztunnel/configdump). In: its dump and filters. Out:
 * what passes, and tables of it.
 */
import type { ZtunnelDump } from '../../model/ztunnel.ts';
import { field, list, text } from '../../model/protobuf-message.ts';
import { compareBytes, sortedBy, type Table } from '../proxy-config/table.ts';

export interface ZtunnelFilter {
  readonly address: string | null;
  /** Node of the workload. */
  readonly node: string | null;
  readonly namespace: string | null;
  /** Name of the workload. */
  readonly workload: string | null;
  readonly direction: 'inbound' | 'outbound' | null;
}

function same(a: string, b: string | null): boolean {
  return b === null || a.toLowerCase() === b.toLowerCase();
}

export function listWorkloads({ workloads }: ZtunnelDump, filter: ZtunnelFilter): readonly unknown[] {
  return workloads.filter(
    (one) =>
      same(text(one, 'name'), filter.workload) &&
      same(text(one, 'namespace'), filter.namespace) &&
      same(text(one, 'node'), filter.node) &&
      (filter.address === null || addressesOf(one).some((address) => same(address, filter.address))),
  );
}

/** Sorted by namespace, name and host, also for JSON. */
export function listServices({ services }: ZtunnelDump, { namespace }: ZtunnelFilter): readonly unknown[] {
  const passing = services.filter((one) => same(text(one, 'namespace'), namespace));
  return sortedBy(passing, (one) => [text(one, 'namespace'), text(one, 'name'), text(one, 'hostname')]);
}

/** Sorted by namespace and name, also for JSON. */
export function listPolicies({ policies }: ZtunnelDump, { namespace }: ZtunnelFilter): readonly unknown[] {
  const passing = policies.filter((one) => same(text(one, 'namespace'), namespace));
  return sortedBy(passing, (one) => [text(one, 'namespace'), text(one, 'name')]);
}

/** Workloads of the node with their connections, sorted by namespace and name; here the namespace counts in its case. */
export function listConnections({ workloadStates }: ZtunnelDump, filter: ZtunnelFilter): readonly unknown[] {
  const passing = workloadStates.filter(
    (one) =>
      (filter.namespace === null || text(one, 'info', 'namespace') === filter.namespace) &&
      same(text(one, 'info', 'name'), filter.workload),
  );
  return sortedBy(passing, (one) => [text(one, 'info', 'namespace'), text(one, 'info', 'name')]);
}

export function workloadTable(workloads: readonly unknown[], dump: ZtunnelDump): Table {
  const sorted = sortedBy(workloads, (one) => [
    `${text(one, 'namespace')}.${text(one, 'name')}`,
    text(one, 'node'),
    addressesOf(one).join(','),
  ]);
  const rows = sorted.map((one) => [
    text(one, 'namespace'),
    text(one, 'name'),
    addressesOf(one).join(',') || text(one, 'hostname'),
    text(one, 'node'),
    waypointName(one, dump),
    text(one, 'protocol'),
  ]);
  return { columns: ['NAMESPACE', 'POD NAME', 'ADDRESS', 'NODE', 'WAYPOINT', 'PROTOCOL'], rows, padding: 1 };
}

export function serviceTable(services: readonly unknown[], dump: ZtunnelDump): Table {
  const healthy = new Set(
    dump.workloads.filter((one) => text(one, 'status') === 'Healthy').map((one) => text(one, 'uid')),
  );
  const rows = services.map((one) => {
    const endpoints = valuesOf(field(one, 'endpoints'));
    const ready = endpoints.filter((endpoint) => healthy.has(text(endpoint, 'workload_uid')));
    const vips = vipsOf(one).map((vip) => vip.slice(vip.indexOf('/') + 1));
    return [
      text(one, 'namespace'),
      text(one, 'name'),
      vips.join(','),
      waypointName(one, dump),
      `${ready.length}/${endpoints.length}`,
    ];
  });
  return { columns: ['NAMESPACE', 'SERVICE NAME', 'SERVICE VIP', 'WAYPOINT', 'ENDPOINTS'], rows, padding: 1 };
}

export function policyTable(policies: readonly unknown[]): Table {
  const rows = policies.map((one) => ['namespace', 'name', 'action', 'scope'].map((name) => text(one, name)));
  return { columns: ['NAMESPACE', 'POLICY NAME', 'ACTION', 'SCOPE'], rows, padding: 1 };
}

/** @param now for the validity */
export function certificateTable({ certificates }: ZtunnelDump, now: Date): Table {
  const columns = ['CERTIFICATE NAME', 'TYPE', 'STATUS', 'VALID CERT', 'SERIAL NUMBER', 'NOT AFTER', 'NOT BEFORE'];
  const rows = certificates.flatMap((secret) => {
    const state = text(secret, 'state').includes('Unavailable') ? 'Unavailable' : text(secret, 'state');
    const identity = text(secret, 'identity');
    const chain = list(secret, 'cert_chain');
    const roots = list(secret, 'root_certs');
    if (chain.length === 0) return [[identity, 'NA', state, 'false', 'NA', 'NA', 'NA']];
    // Older versions put the root at the end of the chain.
    const typeAt = (index: number): string =>
      index === 0 ? 'Leaf' : index === chain.length - 1 && roots.length === 0 ? 'Root' : 'Intermediate';
    return [
      ...chain.map((one, index) => [one, typeAt(index)] as const),
      ...roots.map((one) => [one, 'Root'] as const),
    ].map(([one, type]) => [
      identity,
      type,
      state,
      String(isValid(one, now)),
      hexadecimal(text(one, 'serial_number')),
      text(one, 'expiration_time') || 'NA',
      text(one, 'valid_from') || 'NA',
    ]);
  });
  return { columns, rows, padding: 5 };
}

/** @param raw addresses as they are, not the names of Services and workloads */
export function connectionTable(
  states: readonly unknown[],
  dump: ZtunnelDump,
  filter: ZtunnelFilter,
  raw: boolean,
): Table {
  const names = raw ? new Map<string, string>() : namesOf(dump);
  const named = (address: string): string => {
    const at = address.lastIndexOf(':');
    const name = names.get(address.slice(0, at).replace(/^\[(.*)\]$/, '$1'));
    return name === undefined ? address : `${name.includes(':') ? `[${name}]` : name}:${address.slice(at + 1)}`;
  };
  const rows = states.flatMap((one) => {
    const name = `${text(one, 'info', 'name')}.${text(one, 'info', 'namespace')}`;
    const inbound = list(one, 'connections', 'inbound').map((each) => [
      name,
      'Inbound',
      named(text(each, 'actual_dst')),
      named(text(each, 'src')),
      text(each, 'original_dst'),
      text(each, 'protocol'),
    ]);
    const outbound = list(one, 'connections', 'outbound').map((each) => [
      name,
      'Outbound',
      named(text(each, 'src')),
      named(text(each, 'actual_dst')),
      named(text(each, 'original_dst')),
      text(each, 'protocol'),
    ]);
    return [...(filter.direction === 'outbound' ? [] : inbound), ...(filter.direction === 'inbound' ? [] : outbound)];
  });
  return { columns: ['WORKLOAD', 'DIRECTION', 'LOCAL', 'REMOTE', 'REMOTE TARGET', 'PROTOCOL'], rows, padding: 1 };
}

/** First addresses of Services and workloads; the former count first. */
function namesOf({ services, workloads }: ZtunnelDump): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const one of workloads) {
    const ip = addressesOf(one)[0];
    if (ip !== undefined) names.set(ip, `${text(one, 'name')}.${text(one, 'namespace')}`);
  }
  for (const one of services.toSorted((a, b) => compareBytes(text(a, 'hostname'), text(b, 'hostname')))) {
    const vip = vipsOf(one)[0];
    if (vip !== undefined) names.set(vip.slice(vip.indexOf('/') + 1), text(one, 'hostname'));
  }
  return names;
}

function valuesOf(map: unknown): readonly unknown[] {
  return typeof map === 'object' && map !== null ? Object.values(map) : [];
}

function addressesOf(workload: unknown): string[] {
  return list(workload, 'workload_ips').filter((ip) => typeof ip === 'string');
}

/** `NETWORK/IP` */
function vipsOf(service: unknown): string[] {
  return list(service, 'vips').filter((vip) => typeof vip === 'string');
}

/** The Service that is the waypoint of a workload or Service. */
function waypointName(one: unknown, { services }: ZtunnelDump): string {
  if (field(one, 'waypoint') === undefined) return 'None';
  const destination = text(one, 'waypoint', 'destination');
  const found = services.find(
    (service) =>
      `${text(service, 'namespace')}/${text(service, 'hostname')}` === destination ||
      vipsOf(service).includes(destination),
  );
  return found === undefined ? 'NA' : text(found, 'name');
}

function isValid(certificate: unknown, now: Date): boolean {
  const from = Date.parse(text(certificate, 'valid_from'));
  const to = Date.parse(text(certificate, 'expiration_time'));
  return from < now.getTime() && now.getTime() < to;
}

/** A serial number as istioctl prints it: hexadecimal without padding. */
function hexadecimal(decimal: string): string {
  return /^\d+$/.test(decimal) ? BigInt(decimal).toString(16) : decimal;
}
