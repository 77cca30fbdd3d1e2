import { allow, doubt, refuse, type Permission } from './permission.ts';
import type { RoutingTables } from './routing-tables.ts';
import { deviceSetting, setting } from './settings.ts';

/**
 * Whether the machine forwards packets that come in by a device.
 *
 * IPv4: IN_DEV_FORWARD of the incoming device (ip_route_input_slow, net/ipv4/route.c). Writing net.ipv4.ip_forward writes it to
 * every device (inet_forward_change, net/ipv4/devinet.c), so that ip_forward stands in where the device's own was not captured.
 * IPv6: net.ipv6.conf.all.forwarding, or, since Linux 6.17, force_forwarding of the device (ip6_forward, net/ipv6/ip6_output.c).
 */
export function forwardingAllowed(tables: RoutingTables, inInterface: string | undefined): Permission {
  return tables.family === 4 ? ipv4Forwarding(tables, inInterface) : ipv6Forwarding(tables, inInterface);
}

function ipv4Forwarding(tables: RoutingTables, inInterface: string | undefined): Permission {
  const own = inInterface === undefined ? undefined : deviceSetting(tables, 4, inInterface, 'forwarding');
  if (own !== undefined) {
    const evidence = [own.evidence];
    return own.value === '0'
      ? refuse(`forwarding is off for packets that come in by ${inInterface}`, evidence)
      : allow(evidence);
  }
  const all = setting(tables, 'net.ipv4.ip_forward') ?? deviceSetting(tables, 4, 'all', 'forwarding');
  if (all === undefined)
    return doubt('whether the machine forwards is not known: net.ipv4.ip_forward was not captured');
  if (all.value === '0') return refuse('net.ipv4.ip_forward is off', [all.evidence]);
  const assumption = `forwarding by ${inInterface ?? 'the incoming device'} is as net.ipv4.ip_forward says`;
  return allow([all.evidence], [assumption]);
}

function ipv6Forwarding(tables: RoutingTables, inInterface: string | undefined): Permission {
  const all = deviceSetting(tables, 6, 'all', 'forwarding');
  if (all === undefined) {
    return doubt('whether the machine forwards is not known: net.ipv6.conf.all.forwarding was not captured');
  }
  if (all.value !== '0') return allow([all.evidence]);
  const forced = inInterface === undefined ? undefined : deviceSetting(tables, 6, inInterface, 'force_forwarding');
  if (forced !== undefined && forced.value !== '0') return allow([forced.evidence]);
  return refuse('net.ipv6.conf.all.forwarding is off', [all.evidence]);
}
