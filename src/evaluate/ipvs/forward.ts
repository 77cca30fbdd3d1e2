import { formatEndpoint, isLoopbackText } from '../../model/address.ts';
import type { Flow, Tracking } from '../../model/flow.ts';
import type { IpvsTracking } from '../../model/ipvs-tracking.ts';
import type { RealServer, VirtualServer } from '../../model/ipvs.ts';
import type { HookedPacket, HookWay, MatchedRule, NetfilterEnvironment } from '../../model/netfilter.ts';
import type { RouteDecision } from '../../model/routing.ts';
import { serverPort } from './persistence.ts';

/** Sets that kube-proxy makes in ipvs mode: where one is, kube-proxy has set net.ipv4.vs.conntrack (pkg/proxy/ipvs/proxier.go NewProxier). */
const KUBE_PROXY_SETS = ['KUBE-CLUSTER-IP', 'KUBE-6-CLUSTER-IP'];

const ACTIONS = { nat: 'DNAT', direct: 'ROUTE', tunnel: 'TUNNEL' } as const;

/** A packet under way to a real server. */
interface Sending {
  readonly service: VirtualServer;
  readonly server: RealServer;
  readonly packet: HookedPacket;
  /** The packet as it goes on. */
  readonly flow: Flow;
  readonly assumptions: readonly string[];
}

/**
 * Hands a packet to a real server. It is routed to that server's address, whatever its mark and source; one of this machine goes on to the
 * local socket. Source: net/netfilter/ipvs/ip_vs_xmit.c ip_vs_nat_xmit, ip_vs_dr_xmit, ip_vs_tunnel_xmit, __ip_vs_get_out_rt.
 * @param port at the real server
 */
export function forward(
  service: VirtualServer,
  server: RealServer,
  port: number,
  packet: HookedPacket,
  environment: NetfilterEnvironment,
): readonly HookWay[] {
  const open = (reason: string): HookWay => ({
    kind: 'unknown',
    probability: 1,
    conditions: [],
    matched: [],
    unknown: { reason, evidence: [server.evidence] },
  });
  if (server.address.includes(':') !== (packet.flow.family === 6)) {
    return [open(`real server ${server.address} is of another family than the packet`)];
  }
  const conntrack = conntrackSetting(environment);
  if (conntrack === undefined && server.method === 'nat') {
    return [open('whether IPVS keeps conntrack entries depends on net.ipv4.vs.conntrack, which was not captured')];
  }
  const tracked = (conntrack?.enabled ?? true) && packet.flow.tracking.state !== 'UNTRACKED';
  const tracking: IpvsTracking = {
    virtual: packet.flow.destination,
    virtualPort: packet.flow.destinationPort,
    server: server.address,
    serverPort: port,
    method: server.method,
    onePacket: service.onePacket && packet.flow.protocol === 'udp',
    usable: service.servers
      .filter((one) => one.weight > 0)
      .map((one) => formatEndpoint(one.address, serverPort(service, one, packet.flow))),
    conntrack: tracked,
  };
  const flow = handed(packet.flow, tracking);
  const assumptions = [conntrack?.assumption, untoldThresholds(service)].filter((one) => one !== undefined);
  const routes = environment.route({ destination: server.address, source: null, mark: 0, inInterface: null });
  return routes.map((route) => take({ service, server, packet, flow, assumptions }, route));
}

/** A route to the real server is taken, or may not be. */
function take(sending: Sending, route: RouteDecision): HookWay {
  const { server, packet, flow } = sending;
  const { method, evidence } = server;
  const { probability, conditions } = route;
  const base = { probability, conditions, matched: [matched(sending)] };
  const loopback = isLoopbackText(packet.flow.source);
  if (route.kind === 'local') {
    // A packet from the wire may not be translated to a loopback address, and one that is not local may not become so untranslated.
    const strays =
      method === 'nat' ? !packet.madeHere && isLoopbackText(server.address) : packet.route?.kind !== 'local';
    return strays ? { ...base, kind: 'drop', endedBy: evidence } : { ...base, kind: 'change', flow };
  }
  // crosses_local_route_boundary: a loopback source does not leave the machine.
  if (loopback && route.kind === 'forward') return { ...base, kind: 'drop', endedBy: evidence };
  switch (method) {
    case 'nat':
      return { ...base, kind: 'send', flow, route };
    case 'direct':
      return { ...base, kind: 'send', flow, route: { ...route, gateway: route.gateway ?? server.address } };
    case 'tunnel': {
      const kind = flow.family === 4 ? 'ipip' : 'ip6ip6';
      return { ...base, kind: 'send', flow, route, encapsulation: { kind, destination: server.address } };
    }
  }
}

/** `ipvsadm -Sn` leaves thresholds out (ipvsadm.c print_service_entry): a server at its upper one takes no new connection. */
function untoldThresholds({ name, servers }: VirtualServer): string | undefined {
  const untold = servers.some((server) => server.weight > 0 && server.upperThreshold === null);
  return untold ? `no real server of ${name} has reached an upper threshold (the listing shows none)` : undefined;
}

function matched({ service, server, flow, assumptions }: Sending): Omit<MatchedRule, 'hook' | 'base'> {
  const { evidence, method } = server;
  return {
    rule: { table: 'ipvs', chain: service.name, raw: evidence.raw },
    evidence,
    action: ACTIONS[method],
    after: flow,
    ...(assumptions.length === 0 ? {} : { assumptions }),
  };
}

/**
 * The packet with its new destination, if any. With net.ipv4.vs.conntrack the entry expects answers from the real server, without
 * IPS_DST_NAT, so that conntrack itself translates nothing back (ip_vs_nfct.c ip_vs_update_conntrack); without, the packet is taken
 * out of conntrack (ip_vs_notrack).
 */
function handed(flow: Flow, ipvs: IpvsTracking): Flow {
  const translates = ipvs.method === 'nat';
  const answers = translates ? { replySource: ipvs.server, replySourcePort: ipvs.serverPort } : {};
  const state: Pick<Tracking, 'state'> = ipvs.conntrack ? flow.tracking : { state: 'UNTRACKED' };
  const tracking: Tracking = { ...flow.tracking, ...answers, state: state.state, ipvs };
  return translates
    ? { ...flow, destination: ipvs.server, destinationPort: ipvs.serverPort, tracking }
    : { ...flow, tracking };
}

function conntrackSetting(
  environment: NetfilterEnvironment,
): { readonly enabled: boolean; readonly assumption?: string } | undefined {
  const value = environment.sysctl('net.ipv4.vs.conntrack');
  if (value !== undefined) return { enabled: value !== '0' };
  if (!KUBE_PROXY_SETS.some((name) => environment.ipset(name) !== undefined)) return undefined;
  return { enabled: true, assumption: 'net.ipv4.vs.conntrack is 1, as kube-proxy sets it (it was not captured)' };
}
