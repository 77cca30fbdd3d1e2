import type { Family } from './address.ts';

export type TransportProtocol = 'tcp' | 'udp' | 'sctp';

/** What the connection tracker knows of the packet's connection (nf_conntrack). */
export interface Tracking {
  readonly state: 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED';
  readonly direction: 'ORIGINAL' | 'REPLY';
  /** Addresses of the original direction, before any NAT. */
  readonly originalSource: string;
  readonly originalSourcePort: number | null;
  readonly originalDestination: string;
  readonly originalDestinationPort: number | null;
  /** IPS_DST_NAT and IPS_SRC_NAT: the connection's destination or source is translated. */
  readonly dnat: boolean;
  readonly snat: boolean;
  /** ctmark */
  readonly mark: number;
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
  readonly destinationPort: number;
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
export function newTracking(flow: Pick<Flow, 'source' | 'sourcePort' | 'destination' | 'destinationPort'>): Tracking {
  return {
    state: 'NEW',
    direction: 'ORIGINAL',
    originalSource: flow.source,
    originalSourcePort: flow.sourcePort,
    originalDestination: flow.destination,
    originalDestinationPort: flow.destinationPort,
    dnat: false,
    snat: false,
    mark: 0,
  };
}
