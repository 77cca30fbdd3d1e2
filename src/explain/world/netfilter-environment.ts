import type { NetnsFacts } from '../../model/facts.ts';
import type { NetfilterEnvironment } from '../../model/netfilter.ts';
import { addressType } from '../../evaluate/routing/address-type.ts';
import { destinationClasses } from '../../evaluate/routing/destination-class.ts';
import { evaluateRoute } from '../../evaluate/routing/evaluate-route.ts';
import { masqueradeAddress, redirectAddress } from '../../evaluate/routing/interface-address.ts';
import type { RoutingTables } from '../../evaluate/routing/routing-tables.ts';

/** Answers what a namespace's rules ask about it from its captured routes, addresses, sets and settings. */
export function netfilterEnvironment(netns: NetnsFacts, tables: RoutingTables): NetfilterEnvironment {
  return {
    route: (query) => evaluateRoute(tables, query),
    addressType: (address, device) => addressType(tables, address, device),
    masqueradeAddress: (device, nexthop, destination) => masqueradeAddress(tables, device, nexthop, destination),
    redirectAddress: (device, destination) => redirectAddress(tables, device, destination),
    ipset: (name) => netns.ipsets().value?.get(name),
    sysctl: (name) => netns.sysctl().value?.get(name)?.value,
    destinationClass: destinationClasses(tables),
  };
}
