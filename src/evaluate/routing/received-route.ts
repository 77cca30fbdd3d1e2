import type { Address } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { RouteDecision } from '../../model/routing.ts';
import {
  certain,
  delivered,
  failure,
  groupKind,
  NOWHERE,
  routeKind,
  stopped,
  unknown,
  type Decision,
} from './decisions.ts';
import type { RouteFound } from './fib-result.ts';
import { forwardingAllowed } from './forwarding.ts';
import { lookup } from './lookup.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { isLimitedBroadcast, isLinkLocal6, isMulticast, isZeronet, mayArrive } from './martians.ts';
import { shareNexthops } from './next-hops.ts';
import { reversePathOk } from './reverse-path.ts';
import type { RoutingTables } from './routing-tables.ts';

const UNSPECIFIED: Address = { family: 4, text: '0.0.0.0', bits: 0n };

/**
 * Where a received packet goes: ip_route_input_slow (net/ipv4/route.c), ip6_route_input (net/ipv6/route.c), with what ip6_rcv_core
 * and ip6_forward check of addresses.
 */
export function routeReceived(tables: RoutingTables, flow: LookupFlow, device: string): readonly RouteDecision[] {
  const { source, destination } = flow;
  const mayBroadcast = source === null || groupKind(source) === undefined;
  if (mayBroadcast && isLimitedBroadcast(destination)) return [certain(broadcast(tables, flow, device, []))];
  if (source !== null) {
    const arrival = mayArrive(tables, device, source, destination);
    if (arrival.allowed !== true) return [certain(stopped(arrival))];
  }
  if (tables.family === 4 && isMulticast(destination)) {
    return [certain(unknown(`whether the machine has joined the group ${destination.text} is not known`))];
  }
  const found = lookup(tables, flow);
  if (found.kind === 'unknown') return [certain(unknown(found.reason, found.evidence))];
  const forwarding = forwardingAllowed(tables, device);
  if (found.kind !== 'route') {
    // Nothing is said to the sender where forwarding is off (ip_error, net/ipv4/route.c).
    return [certain(forwarding.allowed === true || tables.family === 6 ? failure(found) : stopped(forwarding))];
  }
  const kind = routeKind(found);
  if (kind === 'broadcast') return [certain(broadcast(tables, flow, device, found.evidence))];
  if (kind !== 'forward') {
    const check =
      kind === 'local' && source !== null
        ? reversePathOk(tables, { flow, source, inInterface: device, outInterface: null })
        : null;
    if (check !== null && check.allowed !== true) return [certain(stopped(check))];
    return [certain(delivered(tables, found, kind, null))];
  }
  if (forwarding.allowed !== true) return [certain(stopped(forwarding))];
  if (tables.family === 6 && source !== null && isLinkLocal6(source)) {
    const reason = `${source.text} is a link-local source, which no router forwards`;
    return [certain({ ...NOWHERE, kind: 'unreachable', reason })];
  }
  return onward(tables, flow, found, device, forwarding.assumptions);
}

/** A received broadcast is for this machine; its source is checked as if it had been sent to 0.0.0.0 (`brd_input`). */
function broadcast(tables: RoutingTables, flow: LookupFlow, device: string, evidence: readonly Evidence[]): Decision {
  const { source } = flow;
  if (source !== null && !isZeronet(source)) {
    const check = reversePathOk(tables, {
      flow: { ...flow, destination: UNSPECIFIED },
      source,
      inInterface: device,
      outInterface: null,
    });
    if (check.allowed !== true) return stopped(check);
  }
  return { ...NOWHERE, kind: 'broadcast', device, evidence };
}

/** One decision for each next hop of a forwarded packet; each has to pass the check of the source. */
function onward(
  tables: RoutingTables,
  flow: LookupFlow,
  found: RouteFound,
  device: string,
  assumptions: readonly string[],
): readonly RouteDecision[] {
  const shares = shareNexthops(tables, flow, found);
  if ('reason' in shares) return [certain(unknown(shares.reason, found.evidence))];
  return shares.map(({ nexthop, gateway, probability }) => {
    const { source } = flow;
    const check =
      source === null
        ? null
        : reversePathOk(tables, { flow, source, inInterface: device, outInterface: nexthop.device });
    const decision =
      check !== null && check.allowed !== true
        ? stopped(check)
        : {
            kind: 'forward' as const,
            device: nexthop.device,
            gateway,
            preferredSource: null,
            evidence: found.evidence,
          };
    return { ...decision, probability, conditions: [], ...(assumptions.length === 0 ? {} : { assumptions }) };
  });
}
