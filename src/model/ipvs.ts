import type { Family } from './address.ts';
import type { Unknown } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { TransportProtocol } from './flow.ts';
import type { ForwardingMethod } from './ipvs-tracking.ts';

/** A real server of a virtual one (struct ip_vs_dest). */
export interface RealServer {
  readonly address: string;
  /** 0: the port of the packet is kept. */
  readonly port: number;
  readonly method: ForwardingMethod;
  readonly weight: number;
  /** Connections at which it takes no more; 0: no limit; null: the listing does not tell. */
  readonly upperThreshold: number | null;
  /** What of it is not understood; null: nothing. One clause. */
  readonly notUnderstood: string | null;
  readonly evidence: Evidence;
}

/** A virtual server (struct ip_vs_service). */
export interface VirtualServer {
  /** `tcp 10.96.0.10:80`, `fwmark 1` */
  readonly name: string;
  readonly family: Family;
  /** null: it takes packets by their mark. */
  readonly protocol: TransportProtocol | null;
  readonly address: string | null;
  /** 0: every port, and of every virtual server by mark. */
  readonly port: number;
  /** 0: it takes packets by their address. */
  readonly mark: number;
  readonly scheduler: string;
  /** Flags of the scheduler, as `-b` prints them (`sh-port`, `mh-fallback`); null: the listing does not tell. */
  readonly schedulerFlags: readonly string[] | null;
  readonly onePacket: boolean;
  /** Clients under the same `mask` (a netmask, the length of a prefix, or `all` of the address) stay with their real server. */
  readonly persistence: { readonly seconds: number | null; readonly mask: string } | null;
  readonly servers: readonly RealServer[];
  /** Whether `servers` stand as in the kernel's list, on which hashes of the source depend. */
  readonly ordered: boolean;
  /** What of it is not understood; null: nothing. One clause. */
  readonly notUnderstood: string | null;
  readonly evidence: Evidence;
}

/** The virtual servers of a network namespace. */
export interface VirtualServers {
  readonly artefact: string;
  readonly all: readonly VirtualServer[];
  /** Port 0 is the one for every port. */
  at(protocol: TransportProtocol, address: string, port: number): VirtualServer | undefined;
  marked(mark: number, family: Family): VirtualServer | undefined;
  /** Why some may be missing; undefined: all of them are here. */
  readonly incomplete: Unknown | undefined;
}

/** An entry of the connection table of IPVS; one with client port 0 is the template of a persistent client. */
export interface IpvsConnection {
  /** null: any (the template of a virtual server by mark). */
  readonly protocol: TransportProtocol | null;
  readonly client: string;
  readonly clientPort: number;
  /** For a virtual server by mark, the mark as an address (`0.0.0.1`). */
  readonly virtual: string;
  readonly virtualPort: number;
  readonly server: string;
  readonly serverPort: number;
  readonly state: string;
  readonly expiresSeconds: number | null;
  readonly evidence: Evidence;
}

/** Indexes virtual servers by what a packet shows of them. */
export function indexVirtualServers(
  artefact: string,
  all: readonly VirtualServer[],
  incomplete?: Unknown,
): VirtualServers {
  const byAddress = new Map<string, VirtualServer>();
  const byMark = new Map<string, VirtualServer>();
  for (const server of all) {
    if (server.address === null) byMark.set(`${server.family} ${server.mark}`, server);
    else byAddress.set(`${server.protocol} ${server.address} ${server.port}`, server);
  }
  return {
    artefact,
    all,
    at: (protocol, address, port) => byAddress.get(`${protocol} ${address} ${port}`),
    marked: (mark, family) => byMark.get(`${family} ${mark}`),
    incomplete,
  };
}
