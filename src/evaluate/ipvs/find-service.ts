import type { Flow } from '../../model/flow.ts';
import type { VirtualServer, VirtualServers } from '../../model/ipvs.ts';

const FTP = 21;
const FTP_DATA = 20;
const FIRST_UNPRIVILEGED = 1024;

/**
 * The virtual server that takes a packet: by its mark first, then by address and port, then the FTP one for ports of its data
 * connections, then the one for every port. Source: net/netfilter/ipvs/ip_vs_ctl.c ip_vs_service_find.
 */
export function findService(servers: VirtualServers, flow: Flow): VirtualServer | undefined {
  const { protocol, destination, destinationPort, mark, family } = flow;
  const marked = mark === 0 ? undefined : servers.marked(mark, family);
  if (marked !== undefined) return marked;
  const data = protocol === 'tcp' && (destinationPort === FTP_DATA || destinationPort >= FIRST_UNPRIVILEGED);
  return (
    servers.at(protocol, destination, destinationPort) ??
    (data ? servers.at(protocol, destination, FTP) : undefined) ??
    servers.at(protocol, destination, 0)
  );
}

/** Whether the packet came to an FTP server's port for another one, which is no business of IPVS (ip_vs_core.c ip_vs_leave). */
export function isBesideFtp(service: VirtualServer, flow: Flow): boolean {
  return service.mark === 0 && service.port === FTP && flow.destinationPort !== FTP;
}

/** Connections from this port are never scheduled: those of active FTP are made before (ip_vs_core.c ip_vs_schedule). */
export function isActiveFtp(flow: Flow): boolean {
  return flow.sourcePort === FTP_DATA;
}
