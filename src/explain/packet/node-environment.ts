import { isLoopback, isLoopbackText, type Address, type Family } from '../../model/address.ts';
import type { NetfilterEnvironment } from '../../model/netfilter.ts';
import type { RouteDecision } from '../../model/routing.ts';

/** Source: net/ipv4/route.c ip_route_input_slow (martian destinations), net/ipv6/ip6_input.c ip6_rcv_core. */
const STRAY_LOOPBACK: Pick<RouteDecision, 'kind' | 'reason'> = {
  kind: 'unknown',
  reason: 'a packet from the wire to a loopback address passes only where route_localnet is set, which is not known',
};
const DECISION = { probability: 1, conditions: [], device: null, gateway: null, preferredSource: null, evidence: [] };

/**
 * What rules may ask of a machine of which only the addresses are known: a packet to one of them is for the machine itself, every
 * other one is forwarded, by a device that nobody knows.
 */
export function nodeEnvironment(own: readonly Address[]): NetfilterEnvironment {
  const local = new Set(own.map((address) => address.text));
  const isLocal = (text: string): boolean => local.has(text) || isLoopbackText(text);
  const only = (family: Family): string | undefined =>
    sole(own.filter((address) => address.family === family && !isLoopback(address)));
  return {
    route: ({ destination, inInterface }) => [
      {
        ...DECISION,
        ...(isLoopbackText(destination) && !local.has(destination) && inInterface !== null && inInterface !== 'lo'
          ? STRAY_LOOPBACK
          : { kind: isLocal(destination) ? 'local' : (special(destination) ?? 'forward') }),
      },
    ],
    addressType(text, device) {
      if (isLocal(text)) return device === undefined ? 'LOCAL' : undefined;
      return special(text)?.toUpperCase() ?? 'UNICAST';
    },
    // The loopback device has no address of its own to give (inet_select_addr, ipv6_dev_get_saddr).
    masqueradeAddress: (device, _, destination) =>
      device === 'lo' ? only(destination.includes(':') ? 6 : 4) : undefined,
    redirectAddress: () => undefined,
    soleAddress: only,
    ipset: () => undefined,
    sysctl: () => undefined,
  };
}

/** Whether an address is the machine's own, for the choice of the first hook. */
export function isOwn(own: readonly Address[], text: string): boolean {
  return own.some((address) => address.text === text) || isLoopbackText(text);
}

/** Addresses in canonical text that no machine has as its own alone. */
function special(text: string): 'broadcast' | 'multicast' | undefined {
  if (text === '255.255.255.255') return 'broadcast';
  if (text.includes(':')) return text.startsWith('ff') && text.indexOf(':') === 4 ? 'multicast' : undefined;
  const first = Number(text.slice(0, text.indexOf('.')));
  return first >= 224 && first < 240 ? 'multicast' : undefined;
}

function sole(addresses: readonly Address[]): string | undefined {
  return addresses.length === 1 ? addresses[0]?.text : undefined;
}
