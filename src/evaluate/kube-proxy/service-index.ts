import type { TransportProtocol } from '../../model/flow.ts';
import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { EndpointSliceFact, KubernetesObjects, ServiceFact } from '../../model/kubernetes.ts';
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

/** Where Services and slices come from. */
export type ServiceSource = Pick<KubernetesObjects, 'services' | 'servicesHaving' | 'endpointSlicesHaving'>;

/** Builds the index, each part on first use; what it gives does not depend on the order of the Services. */
export function indexServices(
  source: ServiceSource,
  knowsSlices: (service: ServiceFact) => boolean = () => true,
): ServiceIndex {
  const servicesHaving = (text: string): readonly ServiceFact[] => source.servicesHaving(text);
  const slicesHaving = (text: string): readonly EndpointSliceFact[] => source.endpointSlicesHaving(text);
  const claims = lookup(servicesHaving, indexClaims);
  const clusterIPs = lookup(servicesHaving, (services) => indexAddresses(services, (one) => [one.clusterIP]));
  const externalAddresses = lookup(servicesHaving, (services) =>
    indexAddresses(services, (one) => [...one.externalIPs, ...one.loadBalancerVIPs]),
  );
  const nodePorts = lazy(() => indexNodePorts(source.services));
  const healthChecks = lazy(() => indexHealthChecks(source.services));
  const slicesOf = lookup(slicesHaving, indexSlices);
  const endpoints = lookup(slicesHaving, indexEndpoints);
  const portsOf = lookup(
    (name: string) => source.servicesHaving(name, 'name'),
    (services) => new Map(services.map((service) => [placeOf(service), proxiedPorts(service)])),
  );
  return {
    claims: (address, port, protocol) => claims(`${address} ${port} ${protocol}`, address) ?? [],
    nodePorts: (port, protocol) => nodePorts().get(`${port} ${protocol}`) ?? [],
    clusterIP: clusterIPs,
    externalAddress: externalAddresses,
    healthCheckNodePort: (port) => healthChecks().get(port),
    slices: (service) => slicesOf(placeOf(service), service.name) ?? [],
    knowsSlices,
    portsWithEndpoint: (address) =>
      [...(endpoints(address) ?? [])]
        .toSorted()
        .flatMap((service) => portsOf(service, service.slice(service.indexOf('/') + 1)) ?? []),
  };
}

/** Claims by `address port protocol`. */
function indexClaims(services: readonly ServiceFact[]): ReadonlyMap<string, readonly Claim[]> {
  const claims = new Map<string, Claim[]>();
  for (const proxied of services.toSorted(byName).flatMap(proxiedPorts)) {
    const { port, protocol } = proxied.port;
    const claim = (address: string, kind: Claim['kind']): void =>
      push(claims, `${address} ${port} ${protocol.toLowerCase()}`, { proxied, kind });
    claim(proxied.clusterIP, 'clusterIP');
    for (const address of new Set(proxied.externalIPs)) claim(address, 'externalIP');
    for (const address of new Set(proxied.loadBalancerVIPs)) claim(address, 'loadBalancerIP');
  }
  return claims;
}

function indexAddresses(
  services: readonly ServiceFact[],
  addressesOf: (proxied: ProxiedPort) => readonly string[],
): ReadonlyMap<string, ServiceFact> {
  const byAddress = new Map<string, ServiceFact>();
  for (const service of services.toSorted(byName)) {
    for (const address of proxiedPorts(service).flatMap(addressesOf)) byAddress.set(address, service);
  }
  return byAddress;
}

function indexNodePorts(services: readonly ServiceFact[]): ReadonlyMap<string, readonly ProxiedPort[]> {
  const nodePorts = new Map<string, ProxiedPort[]>();
  for (const proxied of services.toSorted(byName).flatMap(proxiedPorts)) {
    const { nodePort, protocol } = proxied.port;
    if (nodePort !== null) push(nodePorts, `${nodePort} ${protocol.toLowerCase()}`, proxied);
  }
  return nodePorts;
}

function indexHealthChecks(services: readonly ServiceFact[]): ReadonlyMap<number, ServiceFact> {
  const answering = services.filter((one) => one.type === 'LoadBalancer' && one.externalTrafficPolicy === 'Local');
  return new Map(
    answering
      .toSorted(byName)
      .flatMap((one) => (one.healthCheckNodePort === null ? [] : [[one.healthCheckNodePort, one] as const])),
  );
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
