import { parseAddress } from '../../../model/address.ts';
import type { NetfilterEnvironment } from '../../../model/netfilter.ts';
import { destinationPort, possibleFlags, sourcePort, type Port } from '../match/port.ts';
import { sourceOf, type WalkState } from '../state.ts';
import { known, NONE, unknownValue, type Value } from './value.ts';

const PROTOCOL_NUMBERS = { tcp: 6, udp: 17, sctp: 132 } as const;
const NFPROTO = { 4: 2, 6: 10 } as const;
const ETHER_TYPES = { 4: 0x0800, 6: 0x86dd } as const;
const TCP_FLAGS: Readonly<Record<string, number>> = {
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
};
const ALL_FLAGS = 0xff;
const PACKET_HOST = 0;
/** Protocols of which no packet of a flow is. A rule that asks for their fields has a test for the protocol in front. */
const OTHER_PROTOCOLS: ReadonlySet<string> = new Set([
  'udplite',
  'dccp',
  'icmp',
  'icmpv6',
  'igmp',
  'ah',
  'esp',
  'comp',
  'gre',
  'arp',
]);
const FIRST_MULTICAST4 = 224n;
const MULTICAST6 = 0xffn;

/** An address as registers hold it. */
export function addressValue(text: string | null): Value {
  const address = text === null ? undefined : parseAddress(text);
  if (address === undefined) return unknownValue('the address is not known');
  return known(address.family === 4 ? Number(address.bits) : address.bits);
}

export function portValue(port: Port): Value {
  return typeof port === 'number' ? known(port) : { kind: 'within', from: port.from, to: port.to };
}

/** Source: net/netfilter/nft_payload.c; the tests for the protocol that nft puts in front and does not print: src/payload.c. */
export function loadPayload(
  protocol: string,
  field: string,
  state: WalkState,
  environment: NetfilterEnvironment,
): Value {
  const { flow } = state;
  const unknown = unknownValue(`${protocol} ${field} depends on the bytes of the packet`);
  if (OTHER_PROTOCOLS.has(protocol)) return NONE;
  if (protocol === 'ip' || protocol === 'ip6') {
    if ((protocol === 'ip') !== (flow.family === 4)) return NONE;
    if (field === 'saddr') return addressValue(sourceSeen(state));
    if (field === 'daddr') return addressValue(flow.destination);
    return field === 'protocol' || field === 'nexthdr' ? known(PROTOCOL_NUMBERS[flow.protocol]) : unknown;
  }
  const transport = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
  if (transport && protocol !== flow.protocol) return NONE;
  if (!transport && protocol !== 'th') return unknown;
  if (field === 'sport') return portValue(sourcePort(flow, environment));
  if (field === 'dport') return portValue(destinationPort(flow, environment));
  return protocol === 'tcp' && field === 'flags' ? loadFlags({ flow }) : unknown;
}

/**
 * The packet's source; null: MASQUERADE gave it an address that is not known. Chains of nftables may stand behind the one that
 * masquerades.
 */
export function sourceSeen(state: WalkState): string | null {
  const { flow, hook, sourceDone } = state;
  const { snat, direction, replyDestination } = flow.tracking;
  const hidden = snat && direction === 'ORIGINAL' && replyDestination === null && hook === 'postrouting' && sourceDone;
  return hidden ? null : (sourceOf(state) ?? null);
}

/** The flags that every packet of this kind has, or has not. */
function loadFlags({ flow }: Pick<WalkState, 'flow'>): Value {
  const possible = possibleFlags(flow)?.map((names) => names.reduce((bits, name) => bits | (TCP_FLAGS[name] ?? 0), 0));
  const [first] = possible ?? [];
  if (possible === undefined || first === undefined) return unknownValue('the TCP flags of this packet are not known');
  const differing = possible.reduce((bits, one) => bits | (one ^ first), 0);
  return differing === 0 ? known(first) : { kind: 'bits', bits: first & ~differing, known: ALL_FLAGS & ~differing };
}

/** Source: net/netfilter/nft_meta.c nft_meta_get_eval. A hook without a device has index 0 and an empty name. */
export function loadMeta(key: string, state: WalkState): Value {
  const { flow } = state;
  switch (key) {
    case 'l4proto':
      return known(PROTOCOL_NUMBERS[flow.protocol]);
    case 'nfproto':
      return known(NFPROTO[flow.family]);
    case 'protocol':
      return known(ETHER_TYPES[flow.family]);
    case 'mark':
      return known(flow.mark);
    case 'iif':
    case 'iifname':
      return deviceValue(state.inDevice, 'incoming');
    case 'oif':
    case 'oifname':
      return deviceValue(state.outDevice, 'outgoing');
    case 'skuid':
      return loadCredential('uid', flow.uid, state);
    case 'skgid':
      return loadCredential('gid', flow.gid, state);
    case 'pkttype':
      return loadPacketType(flow.destination);
    default:
      return unknownValue(`meta ${key} is not known of the packet`);
  }
}

function deviceValue(device: string | null | undefined, side: string): Value {
  return device === undefined ? unknownValue(`the ${side} interface is not known`) : known(device ?? '');
}

/**
 * A packet without a socket has none. One that comes in may have been given the socket of its connection already
 * (net/ipv4/ip_input.c tcp_v4_early_demux), but a first one was not.
 */
function loadCredential(name: 'uid' | 'gid', value: number | undefined, state: WalkState): Value {
  const { hook, flow, looped } = state;
  const made = hook === 'output' || (hook === 'postrouting' && state.inDevice === null && !looped);
  if (made) return value === undefined ? unknownValue(`the ${name} of the sender is not known`) : known(value);
  if (hook === 'postrouting' && state.inDevice === undefined)
    return unknownValue('whether the packet was made here is not known');
  return hook === 'input' && flow.tracking.state !== 'NEW'
    ? unknownValue('whether the packet has a socket already is not known')
    : NONE;
}

/** A packet that is routed or delivered here came to this host's own hardware address. */
function loadPacketType(text: string): Value {
  const destination = parseAddress(text);
  const unicast =
    destination !== undefined &&
    (destination.family === 4 ? destination.bits >> 24n < FIRST_MULTICAST4 : destination.bits >> 120n !== MULTICAST6);
  return unicast ? known(PACKET_HOST) : unknownValue('the link-layer type is not known');
}
