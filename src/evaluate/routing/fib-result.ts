import type { Evidence } from '../../model/evidence.ts';
import type { Nexthop, Route } from '../../model/network-namespace.ts';

/** What a lookup ends with. */
export type FibResult = RouteFound | LookupError | LookupUnknown;

export interface RouteFound {
  readonly kind: 'route';
  readonly route: Route;
  /** Next hops that the lookup may take, in the route's order. */
  readonly nexthops: readonly Nexthop[];
  /** Routes that the kernel could as well have taken by the state of the neighbour; the choice below tells. */
  readonly rivals: readonly Route[];
  readonly evidence: readonly Evidence[];
}

export interface LookupError {
  /** EHOSTUNREACH or ENETUNREACH, EACCES, EINVAL, and ENETUNREACH where nothing matched. */
  readonly kind: 'unreachable' | 'prohibit' | 'blackhole' | 'no-route';
  readonly evidence: readonly Evidence[];
}

export interface LookupUnknown {
  readonly kind: 'unknown';
  /** One clause. */
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

/** The same result, as the decision of some rules. */
export function because<T extends FibResult>(result: T, evidence: readonly Evidence[]): T {
  return { ...result, evidence: [...evidence, ...result.evidence] };
}

/** Whether two results send the packet the same way. */
export function sameResult(a: FibResult, b: FibResult): boolean {
  if (a.kind === 'route' && b.kind === 'route') return a.route === b.route;
  return a.kind === b.kind && a.kind !== 'unknown';
}
