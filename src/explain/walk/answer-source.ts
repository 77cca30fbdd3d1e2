import { formatEndpoint, parseAddress } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { Flow } from '../../model/flow.ts';
import type { InterfaceAddress } from '../../model/network-namespace.ts';
import type { Owner, SocketVisit } from '../../model/trace.ts';
import { listText } from '../../model/wording.ts';
import { ownerText } from '../sentences/names.ts';
import { routeTo } from '../world/netns.ts';
import type { World } from '../world/world.ts';

/** Of the others the way back tells. */
const MAY_LEAD: ReadonlySet<string> = new Set(['forward', 'local', 'unknown']);

/** The answer may come from another address than the one that was asked. */
export interface OtherSource {
  /** One clause. */
  readonly reason: string;
  readonly evidence: readonly Evidence[];
}

/**
 * Whether a datagram may be answered from another address than the one that was asked: then it belongs to no connection that was
 * tracked on its way, and a connected socket does not take it. A socket that is bound to all addresses sends from the one that the
 * route to the client prefers (net/ipv4/udp.c, udp_sendmsg, with an `inet_saddr` of zero; net/ipv6/udp.c, udpv6_sendmsg), unless its
 * program names another each time (IP_PKTINFO), which no dump tells.
 * @param visit what listens there; null: sockets were not looked at
 * @returns null when it comes from the address that was asked
 */
export function otherSource(world: World, server: Owner, flow: Flow, visit: SocketVisit | null): OtherSource | null {
  if (flow.protocol !== 'udp' || visit === null) return null;
  const { listening } = visit;
  // A socket of that address alone comes before one of all addresses, and answers from there.
  if (listening?.some((socket) => parseAddress(socket.address)?.text === flow.destination) === true) return null;
  if (!hasOthers(world, server, flow)) return null;
  const routes = routeTo(world, server, flow.source).filter(({ kind }) => MAY_LEAD.has(kind));
  const odd = routes.filter(({ preferredSource }) => preferredSource !== flow.destination);
  if (odd.length === 0) return null;
  const sources = [...new Set(odd.map(({ preferredSource }) => preferredSource ?? 'an address that is not known'))];
  const asked = formatEndpoint(flow.destination, flow.destinationPort);
  return {
    reason: `${ownerText(server)}, which was asked at ${asked}/udp, answers from ${listText(sources)}, as its route to ${flow.source} prefers, unless the program answers from the address that was asked (IP_PKTINFO, or a socket for each address)`,
    evidence: [...(listening ?? []).map((socket) => socket.evidence), ...odd.flatMap(({ evidence }) => evidence)],
  };
}

/** Whether the namespace has more addresses of the family than the one that was asked. A pod whose interfaces were not captured has none. */
function hasOthers(world: World, server: Owner, flow: Flow): boolean {
  const addresses = world.cluster(server.cluster).netns(server).addresses().value;
  if (addresses === undefined) return server.kind === 'node';
  return addresses.some((one) => one.family === flow.family && one.address !== flow.destination && mayBeSource(one));
}

/** Addresses of the loopback device answer itself alone; IPv6 link-local ones are for the link alone. */
function mayBeSource({ family, scope }: InterfaceAddress): boolean {
  return scope !== 'host' && (family === 4 || scope !== 'link');
}
