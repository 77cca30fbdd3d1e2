import { parseAddress } from '../../model/address.ts';
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
import { selectAddress } from './ipv4-source-address.ts';
import { lookup } from './lookup.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { isLimitedBroadcast, isLocalMulticast, routeLocalnet } from './martians.ts';
import { shareNexthops } from './next-hops.ts';
import type { Permission } from './permission.ts';
import { preferredSource } from './preferred-source.ts';
import type { RoutingTables } from './routing-tables.ts';

const LINK_SCOPE = 253;

/** Where a packet goes that a process here sends: ip_route_output_key_hash_rcu (net/ipv4/route.c), ip6_route_output (net/ipv6/route.c). */
export function routeSent(tables: RoutingTables, flow: LookupFlow): readonly RouteDecision[] {
  const { destination, source, outInterface } = flow;
  if (destination.family === 4 && destination.bits === 0n) {
    // An unspecified destination means this machine: the sender's own address, or 127.0.0.1.
    const loopback = { ...NOWHERE, kind: 'local' as const, device: tables.loopback };
    return [certain({ ...loopback, preferredSource: source?.text ?? '127.0.0.1' })];
  }
  const direct = tables.family === 4 ? withoutLookup(tables, flow) : undefined;
  if (direct !== undefined) return [certain(direct)];
  const found = lookup(tables, flow);
  if (found.kind === 'unknown') return [certain(unknown(found.reason, found.evidence))];
  if (found.kind !== 'route') {
    if (outInterface === null || tables.family === 6) return [certain(failure(found))];
    // "Apparently, routing tables are wrong. Assume, that the destination is on link."
    const from = source?.text ?? selectAddress(tables, outInterface, null, LINK_SCOPE) ?? null;
    return [certain(leaving(tables, outInterface, from, groupKind(destination) ?? 'forward'))];
  }
  const kind = routeKind(found);
  if (kind === 'local') {
    const from = preferredSource(tables, flow, found, null);
    // The class of an IPv4 destination counts for more than its route's type (__mkroute_output).
    const group = tables.family === 4 ? groupKind(destination) : undefined;
    return [certain({ ...delivered(tables, found, kind, from), kind: group ?? kind })];
  }
  const shares = shareNexthops(tables, flow, found);
  if ('reason' in shares) return [certain(unknown(shares.reason, found.evidence))];
  return shares.map(({ nexthop, gateway, probability }) => {
    const from = preferredSource(tables, flow, found, nexthop);
    const check = nexthop.device === null ? null : mayLeave(tables, nexthop.device, from);
    if (check !== null && check.allowed !== true) return { ...stopped(check), probability, conditions: [] };
    return {
      kind: groupKind(destination) ?? kind,
      device: nexthop.device,
      gateway,
      preferredSource: from,
      evidence: found.evidence,
      probability,
      conditions: [],
    };
  });
}

/** Cases that ip_route_output_key_hash_rcu decides before it looks anything up; undefined: it looks. */
function withoutLookup(tables: RoutingTables, flow: LookupFlow): Decision | undefined {
  const { destination, source, outInterface } = flow;
  if (source !== null && groupKind(source) !== undefined) {
    return { ...NOWHERE, kind: 'blackhole', reason: `${source.text} may not be a source` };
  }
  const kind = groupKind(destination);
  if (outInterface === null) {
    if (kind === undefined || source === null) return undefined;
    const owners = tables.addresses.value?.filter((one) => one.address === source.text);
    const [owner, ...others] = new Set(owners?.map((one) => one.device));
    if (owners === undefined || others.length > 0) return unknown(`which device has ${source.text} is not known`);
    if (owner === undefined)
      return { ...NOWHERE, kind: 'no-route', reason: `${source.text} is no address of this machine` };
    return leaving(tables, owner, source.text, kind);
  }
  if (tables.links.value?.find((link) => link.name === outInterface)?.up === false) {
    return { ...NOWHERE, kind: 'no-route', reason: `${outInterface} is down` };
  }
  if (kind === undefined || !(isLimitedBroadcast(destination) || isLocalMulticast(destination))) return undefined;
  const from = source?.text ?? selectAddress(tables, outInterface, null, LINK_SCOPE) ?? null;
  return leaving(tables, outInterface, from, kind);
}

/** A packet that leaves by a device without a route; a loopback source may not (__mkroute_output). */
function leaving(tables: RoutingTables, device: string, from: string | null, kind: RouteDecision['kind']): Decision {
  const check = mayLeave(tables, device, from);
  if (check !== null && check.allowed !== true) return stopped(check);
  return { ...NOWHERE, kind, device, preferredSource: from };
}

/** __mkroute_output asks for IPv4 alone; an IPv6 packet from ::1 is left to its receiver to drop. */
function mayLeave(tables: RoutingTables, device: string, from: string | null): Permission | null {
  const address = from === null || tables.family === 6 ? undefined : parseAddress(from);
  return address === undefined ? null : routeLocalnet(tables, device, address);
}
