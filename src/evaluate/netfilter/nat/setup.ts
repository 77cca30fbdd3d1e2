import { parseAddress } from '../../../model/address.ts';
import type { Flow } from '../../../model/flow.ts';
import type { NatRange, NumberRange } from '../../../model/iptables-rule.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { changeFlow, changeTracking } from '../flow-change.ts';
import { sourcePort } from '../match/port.ts';
import { pickAddress, type Manipulation } from './pick-address.ts';

/** A way that a new connection may be translated. */
export interface Translation {
  readonly flow: Flow;
  readonly probability: number;
}

/** Wider port ranges of a destination are not told apart one by one. */
const MOST_PORTS = 1024;
const RANDOM_WORDS = 0x10000;

/**
 * Sets up the translation of a new connection and applies it to its first packet. Ports and addresses that another connection
 * happens to use are not known, and taken as free. Source: net/netfilter/nf_nat_core.c nf_nat_setup_info, get_unique_tuple.
 * @returns a clause when it cannot be told
 */
export function setUpTranslation(
  flow: Flow,
  range: NatRange,
  manipulation: Manipulation,
  environment: NetfilterEnvironment,
): readonly Translation[] | string {
  if (manipulation === 'source') return [{ flow: translateSource(flow, range, environment), probability: 1 }];
  const address = newAddress(flow, range, 'destination');
  if (address === undefined) return 'the new destination could not be computed';
  const ports = destinationPorts(flow.destinationPort, range);
  if (ports === undefined) return `the new destination port is one of more than ${MOST_PORTS}`;
  return ports.map(({ port, probability }) => ({ flow: withDestination(flow, address, port), probability }));
}

/**
 * Translates the source to an address that nobody knows (MASQUERADE on a device whose addresses were not captured): the packet
 * keeps its own, and the tracking says that it is not the one that answers go to.
 */
export function hideSource(flow: Flow, range: NatRange, environment: NetfilterEnvironment): Flow {
  return withSource(flow, null, newSourcePorts(flow, range, environment));
}

function newAddress(flow: Flow, range: NatRange, manipulation: Manipulation): string | undefined {
  const current = manipulation === 'source' ? flow.source : flow.destination;
  if (range.addresses === undefined) return current;
  return pickAddress(range.addresses, range.persistent, flow.source, flow.destination, manipulation);
}

/**
 * A port inside the range is kept, unless the rule asks for a random one; otherwise the kernel begins at a random place.
 * Source: nf_nat_core.c nf_nat_l4proto_unique_tuple (since Linux 5.18; older releases count on from the last port).
 */
function destinationPorts(
  port: number,
  range: NatRange,
): readonly { readonly port: number; readonly probability: number }[] | undefined {
  const { ports } = range;
  if (ports === undefined) return [{ port, probability: 1 }];
  const size = ports.to - ports.from + 1;
  if (range.basePort !== undefined) {
    const offset = (port - range.basePort) & 0xffff;
    return [{ port: ports.from + (offset % size), probability: 1 }];
  }
  const keeps = !range.random && !range.randomFully && port >= ports.from && port <= ports.to;
  if (keeps || size === 1) return [{ port: keeps ? port : ports.from, probability: 1 }];
  if (size > MOST_PORTS) return undefined;
  return Array.from({ length: size }, (_, index) => ({
    port: ports.from + index,
    probability: (Math.floor(RANDOM_WORDS / size) + (index < RANDOM_WORDS % size ? 1 : 0)) / RANDOM_WORDS,
  }));
}

function withDestination(flow: Flow, address: string, port: number): Flow {
  if (address === flow.destination && port === flow.destinationPort) return flow;
  const tracking = changeTracking(flow.tracking, { replySource: address, replySourcePort: port, dnat: true });
  return changeFlow(flow, { destination: address, destinationPort: port, tracking });
}

function translateSource(flow: Flow, range: NatRange, environment: NetfilterEnvironment): Flow {
  const ports = newSourcePorts(flow, range, environment);
  if (ports === 'kept' && keepsAddress(flow.source, range)) return flow;
  return withSource(flow, newAddress(flow, range, 'source') ?? flow.source, ports);
}

/** Where the new source port lies. One inside the range is kept, unless the rule asks for a random one. */
function newSourcePorts(flow: Flow, range: NatRange, environment: NetfilterEnvironment): NumberRange | 'kept' {
  const port = sourcePort(flow, environment);
  const current = typeof port === 'number' ? { from: port, to: port } : port;
  if (!range.random && !range.randomFully && within(current, range.ports)) return 'kept';
  return range.ports ?? usualPorts(current);
}

function withSource(flow: Flow, address: string | null, ports: NumberRange | 'kept'): Flow {
  const lies = ports === 'kept' ? flow.unknownPort : ports;
  const port = ports === 'kept' ? flow.sourcePort : ports.from === ports.to ? ports.from : null;
  const unknownPort = port === null ? lies : undefined;
  const before = flow.tracking.originalPorts ?? (flow.sourcePort === null ? flow.unknownPort : undefined);
  const originally = before === undefined ? {} : { originalPorts: before };
  const translated = { replyDestination: address, replyDestinationPort: port, snat: true, ...originally };
  const tracking =
    unknownPort === undefined
      ? changeTracking(flow.tracking, translated, 'translatedPorts')
      : changeTracking(flow.tracking, { ...translated, translatedPorts: unknownPort });
  return changeFlow(flow, { source: address ?? flow.source, sourcePort: port, unknownPort, tracking });
}

function within(ports: NumberRange, range: NumberRange | undefined): boolean {
  return range === undefined || (range.from <= ports.from && ports.to <= range.to);
}

function keepsAddress(text: string, { addresses }: NatRange): boolean {
  if (addresses === undefined) return true;
  const [address, from, to] = [text, addresses.from, addresses.to].map((one) => parseAddress(one)?.bits);
  return address !== undefined && from !== undefined && to !== undefined && from <= address && address <= to;
}

/** Ports of one kind stay of one kind. Source: nf_nat_core.c nf_nat_l4proto_unique_tuple. */
function usualPorts(current: NumberRange): NumberRange {
  if (current.from >= 1024) return { from: 1024, to: 65_535 };
  if (current.to < 512) return { from: 1, to: 511 };
  return current.from >= 512 && current.to < 1024 ? { from: 600, to: 1023 } : { from: 1, to: 65_535 };
}
