import type { TransportProtocol } from '../../model/flow.ts';
import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { EndpointSliceFact, ServiceFact } from '../../model/kubernetes.ts';
import { lookup } from '../../model/lookup.ts';
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

/**
 * Builds the index; what it gives does not depend on the order of the Services.
 * @param slicesHaving all slices in whose text a name or address stands, and perhaps others
 */
export function indexServices(
  services: readonly ServiceFact[],
  slicesHaving: (text: string) => readonly EndpointSliceFact[],
  knowsSlices: (service: ServiceFact) => boolean = () => true,
): ServiceIndex {
  const claims = new Map<string, Claim[]>();
  const nodePorts = new Map<string, ProxiedPort[]>();
  const clusterIPs = new Map<string, ServiceFact>();
  const externalAddresses = new Map<string, ServiceFact>();
  const healthChecks = new Map<number, ServiceFact>();
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
  const slicesOf = lookup(slicesHaving, indexSlices);
  const portsOf = lazy(() => new Map(services.map((service) => [placeOf(service), proxiedPorts(service)])));
  const endpoints = lookup(slicesHaving, indexEndpoints);
  return {
    claims: (address, port, protocol) => claims.get(`${address} ${port} ${protocol}`) ?? [],
    nodePorts: (port, protocol) => nodePorts.get(`${port} ${protocol}`) ?? [],
    clusterIP: (address) => clusterIPs.get(address),
    externalAddress: (address) => externalAddresses.get(address),
    healthCheckNodePort: (port) => healthChecks.get(port),
    slices: (service) => slicesOf(placeOf(service), service.name) ?? [],
    knowsSlices,
    portsWithEndpoint: (address) =>
      [...(endpoints(address) ?? [])].toSorted().flatMap((service) => portsOf().get(service) ?? []),
  };
}

/** Slices by the Service that they belong to. */
function indexSlices(slices: readonly EndpointSliceFact[]): ReadonlyMap<string, readonly EndpointSliceFact[]> {
  const slicesOf = new Map<string, EndpointSliceFact[]>();
  for (const slice of slices.toSorted(byName)) {
    if (slice.serviceName !== null) push(slicesOf, `${slice.namespace}/${slice.serviceName}`, slice);
  }
  return slicesOf;
}

/** Services that an address is an endpoint of. */
function indexEndpoints(slices: readonly EndpointSliceFact[]): ReadonlyMap<string, ReadonlySet<string>> {
  const services = new Map<string, Set<string>>();
  for (const { namespace, serviceName, endpoints } of slices) {
    if (serviceName === null) continue;
    for (const [address] of endpoints.map((one) => one.addresses)) {
      if (address === undefined) continue;
      const known = services.get(address);
      if (known === undefined) services.set(address, new Set([`${namespace}/${serviceName}`]));
      else known.add(`${namespace}/${serviceName}`);
    }
  }
  return services;
}

function placeOf({ namespace, name }: ServiceFact): string {
  return `${namespace}/${name}`;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
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
