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
  /** Device that the sending socket is bound to (SO_BINDTODEVICE); null or absent: none. */
  readonly outInterface?: string | null | undefined;
  readonly uid?: number | undefined;
  readonly protocol?: string | undefined;
  readonly sourcePort?: number | null | undefined;
  readonly destinationPort?: number | null | undefined;
  /** Traffic class byte; sockets send 0 unless told otherwise, and so does a query that leaves it out. */
  readonly tos?: number | undefined;
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
    /**
     * silently dropped, EINVAL for local senders: a `blackhole` route; or, with a `reason`, a packet that may not arrive or leave
     * there (reverse path filter, forwarding off, loopback or local addresses on a wire)
     */
    | 'blackhole'
    | 'broadcast'
    | 'multicast'
    | 'unknown';
  readonly device: string | null;
  readonly gateway: string | null;
  /** The source that the kernel picks for a locally made packet (`src` of the route, or the device's address). */
  readonly preferredSource: string | null;
  /** For `unknown`, and wherever the evidence does not tell by itself: one clause. */
  readonly reason?: string;
  /** Clauses: what was taken for granted because nobody captured it. */
  readonly assumptions?: readonly string[];
  /** The routing rules and the route that decided. */
  readonly evidence: readonly Evidence[];
}
