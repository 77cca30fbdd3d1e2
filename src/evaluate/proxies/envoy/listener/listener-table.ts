import { formatEndpoint, parseAddress } from '../../../../model/address.ts';
import type { EnvoyConfigDump, EnvoyFacts, EnvoyResource } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { enumName, field, fields, isTrue } from '../proto-json.ts';

/** An IP address and port that a listener owns. */
export interface ListenerAddress {
  readonly address: string;
  readonly port: number;
  /** An IPv6 address that takes IPv4 connections too (`ipv4_compat`). */
  readonly dual: boolean;
  readonly cursor: Cursor;
}

/** A listener for TCP that the proxy runs. */
export interface Listener {
  /** As the dump names it; a listener without a name goes by its first address. */
  readonly name: string;
  readonly resource: EnvoyResource;
  readonly config: Cursor;
  readonly addresses: readonly ListenerAddress[];
  /** Whether it has a socket of its own; without one, connections come by hand-over alone. */
  readonly bound: boolean;
}

export interface ListenerTable {
  readonly listeners: readonly Listener[];
  /** Listeners by `address:port`, as ConnectionHandlerImpl::addListener fills tcp_listener_map_by_address_. */
  readonly byAddress: ReadonlyMap<string, Listener>;
  /** Listeners with a socket of their own, by the port of the socket. */
  readonly byPort: ReadonlyMap<number, readonly Listener[]>;
  /** One of which the dump's text is no JSON: it may have any address. null: all can be read. */
  readonly unread: EnvoyResource | null;
}

const TABLES = new WeakMap<EnvoyConfigDump, ListenerTable>();

/** The proxy's active TCP listeners. Listeners for UDP, pipes and Envoy's internal addresses are left out. */
export function listenerTable(facts: EnvoyFacts, config: EnvoyConfigDump): ListenerTable {
  let table = TABLES.get(config);
  if (table === undefined) {
    table = buildTable(facts, config);
    TABLES.set(config, table);
  }
  return table;
}

function buildTable(facts: EnvoyFacts, config: EnvoyConfigDump): ListenerTable {
  const active = config.listeners().filter((resource) => resource.state === 'active');
  const listeners = active.flatMap((resource) => readListener(facts, resource));
  const byAddress = new Map<string, Listener>();
  const dual: [string, Listener][] = [];
  for (const listener of listeners) {
    for (const own of listener.addresses) {
      byAddress.set(formatEndpoint(own.address, own.port), listener);
      if (own.dual && own.address === '::') dual.push([formatEndpoint('0.0.0.0', own.port), listener]);
      const mapped = own.dual ? /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(own.address)?.[1] : undefined;
      if (mapped !== undefined) byAddress.set(formatEndpoint(mapped, own.port), listener);
    }
  }
  // A listener on 0.0.0.0 keeps the address against one on :: that takes IPv4 as well.
  for (const [address, listener] of dual) if (!byAddress.has(address)) byAddress.set(address, listener);
  const byPort = new Map<number, Listener[]>();
  for (const listener of listeners) {
    if (!listener.bound) continue;
    for (const port of new Set(listener.addresses.map((own) => own.port))) {
      byPort.set(port, [...(byPort.get(port) ?? []), listener]);
    }
  }
  return { listeners, byAddress, byPort, unread: active.find(({ config: own }) => !own.exists) ?? null };
}

/** Reads a listener, active or not; `[]` when it has no address of TCP. */
export function readListener(facts: EnvoyFacts, resource: EnvoyResource): Listener[] {
  const { config } = resource;
  const cursors = [
    field(config, 'address'),
    ...field(config, 'additional_addresses')
      .items()
      .map((item) => field(item, 'address')),
  ];
  const addresses = cursors.flatMap((cursor) => readAddress(facts, resource.name, cursor));
  const [first] = addresses;
  if (first === undefined) return [];
  const name = resource.name === '' ? formatEndpoint(first.address, first.port) : resource.name;
  const bound =
    field(config, 'bind_to_port').boolean() !== false &&
    fields(config, 'deprecated_v1', 'bind_to_port').boolean() !== false;
  return [{ name, resource, config, addresses, bound }];
}

function readAddress(facts: EnvoyFacts, name: string, cursor: Cursor): ListenerAddress[] {
  const socket = field(cursor, 'socket_address');
  const address = parseAddress(field(socket, 'address').string() ?? '');
  if (address === undefined || enumName(field(socket, 'protocol'), ['TCP', 'UDP']) === 'UDP') return [];
  const configured = field(socket, 'port_value').number() ?? 0;
  const port = configured === 0 ? boundPort(facts, name, address.text) : configured;
  if (port === undefined) return [];
  return [{ address: address.text, port, dual: isTrue(socket, 'ipv4_compat'), cursor: socket }];
}

/** A listener configured with port 0 took whatever the kernel gave; /listeners tells. */
function boundPort(facts: EnvoyFacts, name: string, address: string): number | undefined {
  const statuses = facts.listeners === null ? [] : field(facts.listeners, 'listener_statuses').items();
  const status = statuses.find((item) => field(item, 'name').string() === name);
  if (status === undefined) return undefined;
  const local = fields(status, 'local_address', 'socket_address');
  return field(local, 'address').string() === address ? field(local, 'port_value').number() : undefined;
}
