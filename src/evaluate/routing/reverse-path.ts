/**
 * Whether the kernel takes a received packet's source for what it says: fib_validate_source and __fib_validate_source
 * (net/ipv4/fib_frontend.c), with rp_filter, accept_local and src_valid_mark. IPv6 has no such check in its routing code.
 */
import { addressFromBits, lengthMask, parseAddress, type Address } from '../../model/address.ts';
import type { InterfaceAddress } from '../../model/network-namespace.ts';
import type { FibResult, RouteFound } from './fib-result.ts';
import { lookupIpv4 } from './ipv4-lookup.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { allow, doubt, refuse, type Permission } from './permission.ts';
import type { RoutingTables } from './routing-tables.ts';
import { combinedSetting } from './settings.ts';

/** Values of rp_filter. */
const OFF = 0;
const STRICT = 1;
const LOOSE = 2;
/** Stands in for a setting that does not count. */
const NONE = { value: 0, evidence: [] };

/** A received packet, as the check sees it. */
export interface ReceivedPacket {
  readonly flow: LookupFlow;
  readonly source: Address;
  readonly inInterface: string;
  /** Where the packet is to go on; null for local delivery (flowi4_iif is the loopback device then). */
  readonly outInterface: string | null;
}

/** Whether the source may come in by that device. */
export function reversePathOk(tables: RoutingTables, packet: ReceivedPacket): Permission {
  if (tables.family === 6) return allow();
  const { source, inInterface, outInterface } = packet;
  const filter = combinedSetting(tables, inInterface, 'rp_filter', 'max');
  const acceptLocal = combinedSetting(tables, inInterface, 'accept_local', 'or');
  const back = lookBack(tables, packet);
  const checks = [STRICT, LOOSE, OFF].filter((mode) => filter === undefined || filter.value === mode);
  const redirects = outInterface === inInterface ? combinedSetting(tables, inInterface, 'send_redirects', 'or') : NONE;
  const answers = checks.flatMap((mode) => {
    const full = fullCheck(tables, packet, mode, back, acceptLocal?.value);
    if (mode !== OFF || (redirects !== undefined && redirects.value > 0)) return [full];
    const short = withoutFilter(tables, packet, full, acceptLocal?.value);
    return redirects === undefined ? [full, short] : [short];
  });
  const [first] = answers;
  if (first !== undefined && answers.every((one) => one.allowed === first.allowed)) {
    return { ...first, evidence: [...first.evidence, ...(first.allowed === false ? (filter?.evidence ?? []) : [])] };
  }
  const open = answers.find((one) => one.allowed === undefined);
  return open ?? doubt(`whether ${source.text} may come in by ${inInterface} is not known: rp_filter was not captured`);
}

/**
 * With the filter off, unless the packet would leave where it came from and the sender be told so (send_redirects): accept_local
 * lets everything pass; else the machine's own addresses are refused, or, with rules or local routes of one's own, what fails the
 * full check.
 */
function withoutFilter(
  tables: RoutingTables,
  packet: ReceivedPacket,
  full: Permission,
  acceptLocal: number | undefined,
): Permission {
  if (acceptLocal !== undefined && acceptLocal > 0) return allow();
  if (needsFullCheck(tables)) return full;
  const addresses = tables.addresses.value;
  if (addresses === undefined) return doubt('whether the source is an address of the machine is not known');
  if (addresses.some((one) => one.address === packet.source.text)) return ownAddress(packet, acceptLocal);
  // Such rules and routes count even after they are gone, which no dump shows.
  return full.allowed === false
    ? doubt(`${full.reason}, if rules or local routes were ever made here`, full.evidence)
    : allow();
}

/**
 * fib_has_custom_rules and fib_has_custom_local_routes. The kernel's own local routes are those of addresses, and of the whole
 * subnet of addresses on the loopback device (fib_add_ifaddr).
 */
function needsFullCheck(tables: RoutingTables): boolean {
  const known = customised.get(tables) ?? isCustomised(tables);
  customised.set(tables, known);
  return known;
}

/** Asked for each packet, and the same for all of them. */
const customised = new WeakMap<RoutingTables, boolean>();

function isCustomised(tables: RoutingTables): boolean {
  if (!tables.defaultRules) return true;
  const own = new Set(tables.addresses.value?.flatMap((one) => localRoutesOf(tables, one)));
  return (tables.routes.value ?? []).some(
    ({ type, table, metric, destination }) =>
      type === 'local' && !(table === 'local' && metric === 0 && own.has(destination)),
  );
}

function localRoutesOf(tables: RoutingTables, { address, peer, device, prefixLength }: InterfaceAddress): string[] {
  const base = parseAddress(peer ?? address);
  if (base?.family !== 4) return [];
  const network = addressFromBits(4, base.bits & lengthMask(4, prefixLength)).text;
  return [`${address}/32`, ...(device === tables.loopback ? [`${network}/${prefixLength}`] : [])];
}

function ownAddress({ source, inInterface }: ReceivedPacket, acceptLocal: number | undefined): Permission {
  const text = `${source.text} is an address of this machine itself and may not come in by ${inInterface}`;
  if (acceptLocal === undefined) return doubt(`${text}, unless accept_local is on, which was not captured`);
  return acceptLocal > 0 ? allow() : refuse(text, []);
}

/** The lookup from the packet's destination back to its source. */
function lookBack(tables: RoutingTables, packet: ReceivedPacket): FibResult | undefined {
  const { flow, source, inInterface, outInterface } = packet;
  const validMark = combinedSetting(tables, inInterface, 'src_valid_mark', 'or');
  const back = (mark: number): FibResult =>
    lookupIpv4(tables, {
      destination: source,
      source: flow.destination,
      inInterface: outInterface ?? tables.loopback,
      outInterface: null,
      mark,
      tos: flow.tos,
      uid: 0,
      protocol: flow.protocol,
      sourcePort: flow.destinationPort,
      destinationPort: flow.sourcePort,
      received: flow.received,
    });
  const unmarked = back(0);
  if (flow.mark === 0 || validMark?.value === 0) return unmarked;
  const marked = back(flow.mark);
  if (validMark !== undefined) return marked;
  const same = marked.kind === 'route' && unmarked.kind === 'route' && marked.route === unmarked.route;
  return same ? marked : undefined;
}

function fullCheck(
  tables: RoutingTables,
  packet: ReceivedPacket,
  mode: number,
  back: FibResult | undefined,
  acceptLocal: number | undefined,
): Permission {
  const { source, inInterface } = packet;
  if (back === undefined) return doubt('the way back depends on src_valid_mark, which was not captured');
  if (back.kind === 'unknown')
    return doubt(`the way back to ${source.text} is not known: ${back.reason}`, back.evidence);
  if (back.kind !== 'route') return lastResort(packet, mode, back);
  const { route } = back;
  if (route.type === 'local') {
    const permission = ownAddress(packet, acceptLocal);
    if (permission.allowed !== true) return permission;
  } else if (route.type !== 'unicast') {
    const text = `${source.text} is a ${route.type} address and may not be a source`;
    const mayAccept = mode === OFF && acceptLocal === undefined;
    return mayAccept
      ? doubt(`${text}, unless accept_local is on, which was not captured`)
      : refuse(text, back.evidence);
  }
  // fib_info_nh_uses_dev looks at every next hop, whether it is alive or not.
  if (route.nexthops.some((nexthop) => nexthop.device === inInterface)) return allow();
  const addresses = tables.addresses.value;
  if (addresses === undefined) return doubt(`whether ${inInterface} has an address is not known`);
  if (!addresses.some((one) => one.family === 4 && one.device === inInterface)) return lastResort(packet, mode, back);
  return mode === STRICT ? filtered(packet, back) : allow();
}

function lastResort(packet: ReceivedPacket, mode: number, back: FibResult): Permission {
  return mode === OFF ? allow() : filtered(packet, back);
}

function filtered({ source, inInterface }: ReceivedPacket, back: FibResult): Permission {
  const where = back.kind === 'route' ? `the route to it leaves by ${devices(back)}` : 'no route leads back to it';
  return refuse(`the reverse path filter drops ${source.text} on ${inInterface}: ${where}`, back.evidence);
}

function devices({ route }: RouteFound): string {
  return [...new Set(route.nexthops.map((nexthop) => nexthop.device ?? 'no device'))].join(', ');
}
