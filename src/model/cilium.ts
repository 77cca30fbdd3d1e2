import type { Unknown } from './branching.ts';
import type { Evidence } from './evidence.ts';
import type { TransportProtocol } from './flow.ts';

/** Somebody who may get the connections to a frontend. */
export interface CiliumBackend {
  readonly address: string;
  readonly port: number;
  /** `active`, `terminating`, `quarantined`, `maintenance`; null: the listing does not tell. */
  readonly state: string | null;
  readonly evidence: Evidence;
}

/** Who asks: programs of the node and its pods look up the inner scope of a Service first, where it has two (bpf/lib/lb.h, lb4_lookup_service). */
export type CiliumScope = 'external' | 'internal';

/** An address that Cilium balances. */
export interface CiliumFrontend {
  readonly address: string;
  readonly port: number;
  /** null: every protocol. */
  readonly protocol: TransportProtocol | null;
  readonly scope: CiliumScope;
  /** `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalIPs`, `HostPort`, `LocalRedirect`; null: the listing does not tell. */
  readonly type: string | null;
  /** What the tables note beside (pkg/loadbalancer, ServiceFlags.String): `Local`, `sessionAffinity`, `check source-range` … */
  readonly flags: readonly string[];
  readonly backends: readonly CiliumBackend[];
  readonly evidence: Evidence;
}

/** The Services that a node's Cilium balances. */
export interface CiliumServices {
  readonly artefact: string;
  readonly all: readonly CiliumFrontend[];
  /** The frontend that takes a connection. */
  at(protocol: TransportProtocol, address: string, port: number, scope: CiliumScope): CiliumFrontend | undefined;
  /** Why some may be missing; undefined: all of them are here. */
  readonly incomplete: Unknown | undefined;
}

/** Makes frontends findable. */
export function indexCiliumServices(
  artefact: string,
  all: readonly CiliumFrontend[],
  incomplete: Unknown | undefined,
): CiliumServices {
  const byPlace = new Map(all.map((one) => [placeOf(one.protocol, one.address, one.port, one.scope), one]));
  const inScope = (
    protocol: TransportProtocol,
    address: string,
    port: number,
    scope: CiliumScope,
  ): CiliumFrontend | undefined =>
    byPlace.get(placeOf(protocol, address, port, scope)) ?? byPlace.get(placeOf(null, address, port, scope));
  return {
    artefact,
    all,
    at: (protocol, address, port, scope) =>
      (scope === 'internal' ? inScope(protocol, address, port, 'internal') : undefined) ??
      inScope(protocol, address, port, 'external'),
    incomplete,
  };
}

function placeOf(protocol: TransportProtocol | null, address: string, port: number, scope: CiliumScope): string {
  return `${protocol ?? 'any'} ${address} ${port} ${scope}`;
}
