import { formatEndpoint, parseAddress } from '../../../../model/address.ts';
import type { Address } from '../../../../model/address.ts';
import type { EnvoyConnection, EnvoyFacts } from '../../../../model/envoy.ts';
import { isTrue } from '../proto-json.ts';
import { listenerTable } from './listener-table.ts';
import type { Listener, ListenerTable } from './listener-table.ts';
import { handOverTarget, socketOwner } from './lookup.ts';

/** An IP address and port that a client asks for. */
export interface Destination {
  readonly address: Address;
  readonly port: number;
}

/** Where a connection arrives, and what it had asked for before interception. */
export type Entrance = Pick<EnvoyConnection, 'localAddress' | 'localPort' | 'originalAddress' | 'originalPort'>;

/**
 * Where a connection arrives that is for a listener, for an address, or for both.
 *
 * A listener that has a socket is asked at its own address; one for every address at the loopback address. With a destination
 * beside it that is not its own, the connection is one that interception redirected to it. A listener without a socket
 * (bind_to_port: false) takes what another one with use_original_dst hands over. An address alone is asked directly when some
 * listener has a socket there; else it is taken for redirected to the listener that hands over by original destination, as a
 * sidecar's outbound traffic is.
 * @param name of a listener; null: whichever takes the destination
 * @param destination what the client asks for; null: the listener's own address
 * @returns a clause that says why there is no such way
 */
export function findEntrance(
  facts: EnvoyFacts,
  name: string | null,
  destination: Destination | null,
): Entrance | string {
  const { config } = facts;
  if (config === null) return 'no config_dump was read';
  const table = listenerTable(facts, config);
  if (name === null) return destination === null ? 'listener or address is missing' : byAddress(table, destination);
  const listener = byName(table).get(name);
  if (listener !== undefined) return byListener(table, listener, destination);
  const idle = config.listeners().find((resource) => resource.name === name);
  if (idle === undefined) return `the proxy has no listener ${JSON.stringify(name)}`;
  return idle.state === 'active'
    ? `listener ${name} has no TCP address`
    : `listener ${name} takes no connections: it is ${idle.state}`;
}

/** Names of the listeners that take connections, sorted. */
export function listenerNames(facts: EnvoyFacts): string[] {
  return facts.config === null ? [] : [...byName(listenerTable(facts, facts.config)).keys()].toSorted();
}

const NAMES = new WeakMap<ListenerTable, ReadonlyMap<string, Listener>>();

function byName(table: ListenerTable): ReadonlyMap<string, Listener> {
  const names = NAMES.get(table) ?? new Map(table.listeners.map((listener) => [listener.name, listener]));
  NAMES.set(table, names);
  return names;
}

function byAddress(table: ListenerTable, { address, port }: Destination): Entrance {
  const direct = { localAddress: address.text, localPort: port, originalAddress: address.text, originalPort: port };
  if (socketOwner(table, address.text, port) !== undefined) return direct;
  const handing = handingListeners(table);
  const [only] = handing;
  return only === undefined || handing.length > 1 ? direct : { ...direct, ...ownSocket(only, address.family) };
}

function byListener(table: ListenerTable, listener: Listener, destination: Destination | null): Entrance | string {
  const own = ownSocket(listener, destination?.address.family);
  const asked =
    destination === null
      ? { originalAddress: own.localAddress, originalPort: own.localPort }
      : { originalAddress: destination.address.text, originalPort: destination.port };
  const text = formatEndpoint(asked.originalAddress, asked.originalPort);
  if (!listener.bound) {
    const [handing] = handingListeners(table);
    if (handing === undefined) return `listener ${listener.name} has no socket, and no other one hands over to it`;
    const target = handOverTarget(table, asked.originalAddress, asked.originalPort);
    if (target !== listener) return `a connection to ${text} is not handed over to listener ${listener.name}`;
    return { ...asked, ...ownSocket(handing, parseAddress(asked.originalAddress)?.family) };
  }
  const isOwn = listener.addresses.some(
    (each) => each.port === asked.originalPort && (isWildcard(each.address) || each.address === asked.originalAddress),
  );
  const local = isOwn ? { localAddress: asked.originalAddress, localPort: asked.originalPort } : own;
  const owner = socketOwner(table, local.localAddress, local.localPort);
  if (owner !== listener) return `a connection to ${text} is not taken by listener ${listener.name}`;
  return { ...asked, ...local };
}

const HANDING = new WeakMap<ListenerTable, readonly Listener[]>();

function handingListeners(table: ListenerTable): readonly Listener[] {
  const handing =
    HANDING.get(table) ??
    table.listeners.filter((listener) => listener.bound && isTrue(listener.config, 'use_original_dst'));
  HANDING.set(table, handing);
  return handing;
}

/** An address of the listener, of the family if it has one; loopback where it takes every address. */
function ownSocket(listener: Listener, family: 4 | 6 | undefined): Pick<Entrance, 'localAddress' | 'localPort'> {
  const first = listener.addresses.find((own) => parseAddress(own.address)?.family === family) ?? listener.addresses[0];
  const address = first?.address ?? '';
  const loopback = address === '::' ? '::1' : '127.0.0.1';
  return { localAddress: isWildcard(address) ? loopback : address, localPort: first?.port ?? 0 };
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
