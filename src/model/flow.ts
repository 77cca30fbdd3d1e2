import type { Family } from './address.ts';
import type { NumberRange } from './iptables-rule.ts';
import type { IpvsTracking } from './ipvs-tracking.ts';

export type TransportProtocol = 'tcp' | 'udp' | 'sctp';

/**
 * What the connection tracker of one network namespace knows of the packet's connection (nf_conntrack): the addresses of both
 * directions, which differ from each other's inverse where the connection is translated.
 */
export interface Tracking {
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  readonly direction: 'ORIGINAL' | 'REPLY';
  /** Addresses of the original direction, before any NAT. */
  readonly originalSource: string;
  readonly originalSourcePort: number | null;
  readonly originalDestination: string;
  readonly originalDestinationPort: number | null;
  /** Addresses of the answers as they come in, before they are translated back. */
  readonly replySource: string;
  readonly replySourcePort: number | null;
  /** null: translated to an address that is not known. */
  readonly replyDestination: string | null;
  readonly replyDestinationPort: number | null;
  /** Where a replyDestinationPort of null lies, when source translation chose it. */
  readonly translatedPorts?: NumberRange;
  /** Where an originalSourcePort of null lies, when that is known better than the sender's ephemeral range. */
  readonly originalPorts?: NumberRange;
  /** IPS_DST_NAT and IPS_SRC_NAT: the connection's destination or source is translated. */
  readonly dnat: boolean;
  readonly snat: boolean;
  /** ctmark */
  readonly mark: number;
  /** The entry stands in a conntrack zone that a rule named; packets that no rule sends there do not find it. */
  readonly zoned?: true;
  /** The packet belongs to a connection of IPVS, which keeps its own table beside conntrack's. */
  readonly ipvs?: IpvsTracking;
}

/**
 * One packet's five-tuple with what rules can see of it. Immutable: NAT gives a new flow.
 */
export interface Flow {
  readonly family: Family;
  readonly protocol: TransportProtocol;
  /** Canonical address. */
  readonly source: string;
  /** null: chosen by the sender's kernel from its ephemeral range. */
  readonly sourcePort: number | null;
  readonly destination: string;
  /** 0: not known, in an answer to a port that the asker's kernel chose. */
  readonly destinationPort: number;
  /** Where the port that is not known lies; absent: in the ephemeral range of the sender's kernel. */
  readonly unknownPort?: NumberRange | undefined;
  /** null: the packet was made on this machine; undefined: not known. */
  readonly inInterface?: string | null | undefined;
  /** fwmark, 32 bits unsigned. */
  readonly mark: number;
  readonly tracking: Tracking;
  /** Owner of the sending socket; undefined for packets that came from the wire or when nobody knows. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** A flow that begins here: first packet of a connection, no mark, nothing translated. */
export function newFlow(flow: Omit<Flow, 'mark' | 'tracking'> & { readonly mark?: number }): Flow {
  return { ...flow, mark: flow.mark ?? 0, tracking: newTracking(flow) };
}

/** What nf_conntrack makes of the first packet of a connection that it has not seen. */
function newTracking(flow: Pick<Flow, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>): Tracking {
  return {
    state: 'NEW',
    direction: 'ORIGINAL',
    originalSource: flow.source,
    originalSourcePort: flow.sourcePort,
    originalDestination: flow.destination,
    originalDestinationPort: flow.destinationPort,
    replySource: flow.destination,
    replySourcePort: flow.destinationPort,
    replyDestination: flow.source,
    replyDestinationPort: flow.sourcePort,
    dnat: false,
    snat: false,
    mark: 0,
  };
}

/**
 * The first answer to a packet as it enters the network namespace that `flow` left, or as the process there sends it: addresses
 * turned round, connection established, no mark.
 * @param flow the packet as it left that namespace's hooks, with what its tracker knows
 */
export function replyFlow(flow: Flow): Flow {
  const { tracking } = flow;
  const answer: Flow = {
    family: flow.family,
    protocol: flow.protocol,
    source: tracking.replySource,
    sourcePort: tracking.replySourcePort,
    destination: tracking.replyDestination ?? flow.source,
    destinationPort: tracking.replyDestinationPort ?? 0,
    unknownPort: tracking.translatedPorts ?? flow.unknownPort,
    mark: 0,
    tracking: { ...tracking, state: 'ESTABLISHED', direction: 'REPLY' },
  };
  const { ipvs } = tracking;
  const seen = tracking.state !== 'UNTRACKED' && (ipvs === undefined || ipvs.conntrack);
  return seen ? answer : { ...answer, tracking: { ...unseenAnswer(answer), ...(ipvs === undefined ? {} : { ipvs }) } };
}

/**
 * Of a request that NOTRACK hid, or that IPVS forwarded without net.ipv4.vs.conntrack, the tracker knows nothing: an answer of TCP or SCTP
 * fits no connection (a SYN with ACK, an INIT ACK: nf_conntrack_proto_tcp.c tcp_new, nf_conntrack_proto_sctp.c sctp_new), one of UDP begins one.
 */
function unseenAnswer(answer: Flow): Tracking {
  return { ...newTracking(answer), state: answer.protocol === 'udp' ? 'NEW' : 'INVALID' };
}
