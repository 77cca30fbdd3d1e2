import { formatEndpoint } from '../../model/address.ts';
import type { EndpointSliceFact, SliceEndpoint } from '../../model/kubernetes.ts';
import type { ProxiedPort } from './service-port.ts';

/** An endpoint of a Service port as kube-proxy on one node keeps it (pkg/proxy/endpoint.go). */
export interface ProxiedEndpoint {
  readonly ip: string;
  readonly port: number;
  /** `ip:port` */
  readonly text: string;
  /** Runs on this node. */
  readonly local: boolean;
  readonly slice: EndpointSliceFact;
  readonly endpoint: SliceEndpoint;
}

/**
 * The endpoints of a Service port, over all its slices, in the order in which kube-proxy writes them.
 *
 * Joined by port name and protocol; slices of another address family, with the label service.kubernetes.io/headless, ports without
 * number, and addresses after an endpoint's first are ignored. Of two endpoints with one address and port, one that is not
 * terminating wins (pkg/proxy/endpointslicecache.go; endpointschangetracker.go; cmd/kube-proxy/app/server.go). When both are not
 * terminating kube-proxy's choice is not defined; here it is the one of the slice that comes last by name.
 */
export function collectEndpoints(
  proxied: ProxiedPort,
  slices: readonly EndpointSliceFact[],
  nodeName: string,
): ProxiedEndpoint[] {
  const found = new Map<string, ProxiedEndpoint>();
  const addressType = proxied.family === 6 ? 'IPv6' : 'IPv4';
  for (const slice of slices) {
    if (slice.addressType !== addressType || Object.hasOwn(slice.labels, 'service.kubernetes.io/headless')) continue;
    for (const { name, protocol, port } of slice.ports) {
      if (name !== proxied.port.name || protocol !== proxied.port.protocol || port === null || port === 0) continue;
      for (const endpoint of slice.endpoints) {
        const ip = endpoint.addresses[0];
        if (ip === undefined) continue;
        const text = formatEndpoint(ip, port);
        if (found.has(text) && endpoint.terminating) continue;
        found.set(text, { ip, port, text, local: endpoint.nodeName === nodeName, slice, endpoint });
      }
    }
  }
  return [...found.values()].toSorted((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
}
