import { parseAddress, type Address } from '../../model/address.ts';
import { lookupIpv6 } from './ipv6-lookup.ts';
import type { LookupFlow } from './lookup-flow.ts';
import { isLimitedBroadcast, isMulticast, isZeronet } from './martians.ts';
import type { RoutingTables } from './routing-tables.ts';

/** Types of routes as `addrtype` names them. */
const TYPES: Readonly<Record<string, string>> = {
  local: 'LOCAL',
  broadcast: 'BROADCAST',
  anycast: 'ANYCAST',
  multicast: 'MULTICAST',
  unicast: 'UNICAST',
};

/**
 * What kind of address this is to the machine: `LOCAL`, `UNICAST`, `BROADCAST`, `MULTICAST`, `ANYCAST`, `UNREACHABLE`.
 *
 * IPv4: __inet_dev_addr_type (net/ipv4/fib_frontend.c): the local table decides, whatever is not in it is unicast. With a device,
 * a route of another device does not count.
 * IPv6: match_lookup_rt6 (net/netfilter/xt_addrtype.c): a whole route lookup; types do not exclude each other there, and
 * `UNICAST` asks for the class of the address alone, so that a local address is both.
 *
 * @param device only what this device has counts as local; absent: any device
 * @returns undefined when it is not known
 */
export function addressType(tables: RoutingTables, text: string, device?: string): string | undefined {
  const address = parseAddress(text);
  if (address?.family !== tables.family) return undefined;
  if (isMulticast(address)) return 'MULTICAST';
  return address.family === 4 ? ipv4Type(tables, address, device) : ipv6Type(tables, address, device);
}

function ipv4Type(tables: RoutingTables, address: Address, device: string | undefined): string | undefined {
  if (isZeronet(address) || isLimitedBroadcast(address)) return 'BROADCAST';
  if (tables.broken !== undefined || !tables.allTables) return undefined;
  // The local and main tables may be one (see ipv4-lookup), so that both ways of looking must agree.
  const apart = typeIn(tables, ['local'], address, device);
  const merged = tables.defaultRules ? typeIn(tables, ['local', 'main'], address, device) : apart;
  return apart === merged ? apart : undefined;
}

function typeIn(
  tables: RoutingTables,
  names: readonly string[],
  address: Address,
  device: string | undefined,
): string | undefined {
  for (const { routes } of tables.leaves(names, address)) {
    // The lookup is made for traffic class 0.
    for (const route of routes.filter((one) => one.tos === 0)) {
      if (route.notUnderstood.length > 0) return undefined;
      const type = TYPES[route.type];
      if (type === undefined) return 'UNICAST';
      if (route.nexthops.every((one) => one.flags.includes('dead'))) continue;
      return device === undefined || route.nexthops[0]?.device === device ? type : 'UNICAST';
    }
  }
  return 'UNICAST';
}

function ipv6Type(tables: RoutingTables, address: Address, device: string | undefined): string | undefined {
  if (
    device !== undefined &&
    tables.addresses.value?.some((one) => one.device === device && one.address === address.text)
  ) {
    return 'LOCAL';
  }
  const flow: LookupFlow = {
    destination: address,
    source: null,
    inInterface: tables.loopback,
    outInterface: device ?? null,
    mark: 0,
    tos: 0,
    uid: 0,
    protocol: undefined,
    sourcePort: 0,
    destinationPort: 0,
    received: false,
  };
  const found = lookupIpv6(tables, flow);
  if (found.kind === 'unknown') return undefined;
  if (found.kind !== 'route') return 'UNREACHABLE';
  const type = TYPES[found.route.type];
  return type === 'LOCAL' && device !== undefined ? 'UNICAST' : type;
}
