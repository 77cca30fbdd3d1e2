import type { TransportProtocol } from '../../model/flow.ts';
import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { EndpointSliceFact, ServiceFact } from '../../model/kubernetes.ts';
import { proxiedPorts, type ProxiedPort } from './service-port.ts';

/** A Service port at one of its own addresses. */
export interface Claim {
  readonly proxied: ProxiedPort;
  readonly kind: Exclude<ServiceAddressKind, 'nodePort'>;
}

/** Services and slices by what a packet shows of them. Built once for a cluster, asked for every packet. */
export interface ServiceIndex {
  /** Service ports that claim this address and port, cluster IPs before external IPs before load balancer addresses. */
  claims(address: string, port: number, protocol: TransportProtocol): readonly Claim[];
  nodePorts(port: number, protocol: TransportProtocol): readonly ProxiedPort[];
  /** A Service that has this cluster IP, whatever its ports. */
  clusterIP(address: string): ServiceFact | undefined;
  /** A Service that has this external or load balancer (VIP) address, whatever its ports. */
  externalAddress(address: string): ServiceFact | undefined;
  healthCheckNodePort(port: number): ServiceFact | undefined;
  slices(service: ServiceFact): readonly EndpointSliceFact[];
  /** Whether these are all its slices. */
  knowsSlices(service: ServiceFact): boolean;
  /** Service ports of which a slice names this address. */
  portsWithEndpoint(address: string): readonly ProxiedPort[];
}

/** Builds the index; what it gives does not depend on the order of the Services. */
export function indexServices(
  services: readonly ServiceFact[],
  slices: readonly EndpointSliceFact[],
  knowsSlices: (service: ServiceFact) => boolean = () => true,
): ServiceIndex {
  const claims = new Map<string, Claim[]>();
  const nodePorts = new Map<string, ProxiedPort[]>();
  const clusterIPs = new Map<string, ServiceFact>();
  const externalAddresses = new Map<string, ServiceFact>();
  const healthChecks = new Map<number, ServiceFact>();
  const slicesOf = new Map<string, EndpointSliceFact[]>();
  for (const service of services.toSorted(byName)) {
    if (service.type === 'LoadBalancer' && service.externalTrafficPolicy === 'Local') {
      if (service.healthCheckNodePort !== null) healthChecks.set(service.healthCheckNodePort, service);
    }
    for (const proxied of proxiedPorts(service)) {
      const { port } = proxied;
      const protocol = port.protocol.toLowerCase();
      const claim = (address: string, kind: Claim['kind']): void =>
        push(claims, `${address} ${port.port} ${protocol}`, { proxied, kind });
      claim(proxied.clusterIP, 'clusterIP');
      clusterIPs.set(proxied.clusterIP, service);
      for (const address of new Set(proxied.externalIPs)) claim(address, 'externalIP');
      for (const address of new Set(proxied.loadBalancerVIPs)) claim(address, 'loadBalancerIP');
      for (const address of [...proxied.externalIPs, ...proxied.loadBalancerVIPs])
        externalAddresses.set(address, service);
      if (port.nodePort !== null) push(nodePorts, `${port.nodePort} ${protocol}`, proxied);
    }
  }
  for (const slice of slices.toSorted(byName)) {
    if (slice.serviceName !== null) push(slicesOf, `${slice.namespace}/${slice.serviceName}`, slice);
  }
  const slicesOfService = (service: ServiceFact): readonly EndpointSliceFact[] =>
    slicesOf.get(`${service.namespace}/${service.name}`) ?? [];
  let byEndpoint: Map<string, ProxiedPort[]> | undefined;
  return {
    claims: (address, port, protocol) => claims.get(`${address} ${port} ${protocol}`) ?? [],
    nodePorts: (port, protocol) => nodePorts.get(`${port} ${protocol}`) ?? [],
    clusterIP: (address) => clusterIPs.get(address),
    externalAddress: (address) => externalAddresses.get(address),
    healthCheckNodePort: (port) => healthChecks.get(port),
    slices: slicesOfService,
    knowsSlices,
    portsWithEndpoint: (address) => {
      byEndpoint ??= indexEndpoints(services, slicesOfService);
      return byEndpoint.get(address) ?? [];
    },
  };
}

function indexEndpoints(
  services: readonly ServiceFact[],
  slicesOf: (service: ServiceFact) => readonly EndpointSliceFact[],
): Map<string, ProxiedPort[]> {
  const ports = new Map<string, ProxiedPort[]>();
  for (const service of services) {
    const addresses = slicesOf(service).flatMap((slice) => slice.endpoints.flatMap((one) => one.addresses[0] ?? []));
    if (addresses.length === 0) continue;
    const proxied = proxiedPorts(service);
    for (const address of new Set(addresses)) for (const one of proxied) push(ports, address, one);
  }
  return ports;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function byName(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  const [x, y] = [`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`];
  return x < y ? -1 : Number(x > y);
}
