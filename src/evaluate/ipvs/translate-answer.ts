import type { Flow } from '../../model/flow.ts';
import type { HookedPacket, HookWay, NetfilterEnvironment } from '../../model/netfilter.ts';

const PASS: HookWay = { kind: 'pass', probability: 1, conditions: [], matched: [] };

/**
 * An answer from a real server to which IPVS translated gets the virtual address back, and is routed anew where it goes on to the client.
 * Answers to packets that were routed or tunnelled on do not come here, and of one-packet connections no entry is kept.
 * Source: net/netfilter/ipvs/ip_vs_core.c ip_vs_out_hook, handle_response, ip_vs_route_me_harder.
 */
export function translateAnswer(packet: HookedPacket, environment: NetfilterEnvironment): readonly HookWay[] {
  const { flow } = packet;
  const { ipvs } = flow.tracking;
  if (packet.handled || ipvs === undefined || ipvs.method !== 'nat' || ipvs.onePacket) return [PASS];
  if (flow.source !== ipvs.server || flow.sourcePort !== ipvs.serverPort) return [PASS];
  const tracking = ipvs.conntrack ? flow.tracking : { ...flow.tracking, state: 'UNTRACKED' as const };
  const after: Flow = { ...flow, source: ipvs.virtual, sourcePort: ipvs.virtualPort, tracking };
  const reroutes = packet.route?.kind === 'forward' && environment.sysctl('net.ipv4.vs.snat_reroute') !== '0';
  const change: HookWay = { ...PASS, kind: 'change', flow: after };
  if (!reroutes) return [change];
  const { destination, source, mark } = after;
  return environment
    .route({ destination, source, mark, inInterface: null })
    .map((route) => ({ ...change, route, probability: route.probability, conditions: route.conditions }));
}
