/** Small constructors of decisions, shared by packets made here and received ones. */
import type { Address } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { RouteDecision } from '../../model/routing.ts';
import type { FibResult, RouteFound } from './fib-result.ts';
import { isLimitedBroadcast, isMulticast } from './martians.ts';
import type { Permission } from './permission.ts';
import type { RoutingTables } from './routing-tables.ts';

/** A decision before its share of the flows is known. */
export type Decision = Omit<RouteDecision, 'probability' | 'conditions'>;

export const NOWHERE = { device: null, gateway: null, preferredSource: null, evidence: [] } as const;

/** The kind of decision that a route's type makes. */
export function routeKind({ route }: RouteFound): 'local' | 'forward' | 'broadcast' | 'multicast' {
  switch (route.type) {
    case 'local':
    case 'anycast':
      return 'local';
    case 'broadcast':
      return 'broadcast';
    case 'multicast':
      return 'multicast';
    default:
      return 'forward';
  }
}

export function delivered(
  tables: RoutingTables,
  found: RouteFound,
  kind: 'local' | 'broadcast' | 'multicast',
  source: string | null,
): Decision {
  const device = kind === 'local' ? tables.loopback : (found.nexthops[0]?.device ?? null);
  return { ...NOWHERE, kind, device, preferredSource: source, evidence: found.evidence };
}

export function failure(found: Exclude<FibResult, RouteFound | { readonly kind: 'unknown' }>): Decision {
  return { ...NOWHERE, kind: found.kind, evidence: found.evidence };
}

export function stopped(check: Permission): Decision {
  const reason = check.reason ?? 'the packet may not pass';
  if (check.allowed === undefined) return unknown(reason, check.evidence);
  return { ...NOWHERE, kind: 'blackhole', reason, evidence: check.evidence };
}

export function unknown(reason: string, evidence: readonly Evidence[] = []): Decision {
  return { ...NOWHERE, kind: 'unknown', reason, evidence };
}

export function certain(decision: Decision): RouteDecision {
  return { ...decision, probability: 1, conditions: [] };
}

/** What the class of an address makes of a packet, whatever its route says. */
export function groupKind(address: Address): 'broadcast' | 'multicast' | undefined {
  if (isLimitedBroadcast(address)) return 'broadcast';
  return isMulticast(address) ? 'multicast' : undefined;
}
