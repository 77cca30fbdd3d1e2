import type { Weighted } from './branching.ts';
import type { Evidence } from './evidence.ts';

/** What the kernel's routing decision depends on (struct flowi). */
export interface RouteQuery {
  readonly destination: string;
  /** null: not chosen yet (a locally made packet before its source is picked). */
  readonly source: string | null;
  readonly mark: number;
  /** null: made on this machine; undefined: not known. */
  readonly inInterface?: string | null | undefined;
  readonly outInterface?: string | null | undefined;
  readonly uid?: number | undefined;
  readonly protocol?: string | undefined;
  readonly sourcePort?: number | null | undefined;
  readonly destinationPort?: number | null | undefined;
}

/** Where a packet goes: one branch for each next hop of a multipath route, else one. */
export interface RouteDecision extends Weighted {
  readonly kind:
    /** to a socket of this network namespace */
    | 'local'
    /** out of a device, through a gateway or to a neighbour */
    | 'forward'
    /** `unreachable`: ICMP host unreachable, EHOSTUNREACH; `prohibit`: ICMP prohibited, EACCES; `no-route`: ENETUNREACH */
    | 'unreachable'
    | 'prohibit'
    | 'no-route'
    /** `blackhole`: silently dropped, EINVAL for local senders */
    | 'blackhole'
    | 'broadcast'
    | 'multicast'
    | 'unknown';
  readonly device: string | null;
  readonly gateway: string | null;
  /** The source that the kernel picks for a locally made packet (`src` of the route, or the device's address). */
  readonly preferredSource: string | null;
  /** For `unknown`: one clause. */
  readonly reason?: string;
  /** The routing rules and the route that decided. */
  readonly evidence: readonly Evidence[];
}
