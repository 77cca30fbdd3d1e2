import type {
  EndpointSliceFact,
  KubernetesObjects,
  PodFact,
  ServiceFact,
  SliceEndpoint,
} from '../../model/kubernetes.ts';
import { lookup } from '../../model/lookup.ts';
import { byName, byService } from '../../model/selection.ts';
import { readClusterDns, type ClusterDns } from './cluster-dns.ts';

/** The objects of a cluster by what a name tells of them, and its DNS server. Built once, asked for every name. */
export interface NameIndex {
  readonly dns: ClusterDns;
  /** Whether a Service of this name that is not known is not there. */
  knowsService(namespace: string, name: string): boolean;
  /** Whether all slices of a Service are known. */
  knowsSlices(service: ServiceFact): boolean;
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): ServiceFact | undefined;
  slices(service: ServiceFact): readonly EndpointSliceFact[];
  /** A pod of the namespace with this address, hostNetwork pods too. */
  podAt(namespace: string, ip: string): PodFact | undefined;
  podOf(endpoint: SliceEndpoint): PodFact | undefined;
  isNode(name: string): boolean;
}

/** Builds the index; each part on first use. */
export function indexNames(objects: KubernetesObjects): NameIndex {
  const dns = lazy(() => readClusterDns(objects));
  const services = lookup(
    (name) => objects.servicesHaving(name, 'name'),
    (some) => new Map(some.map((one) => [`${one.namespace}/${one.name}`, one])),
  );
  const namespaces = lazy(() => new Set(objects.namespaces.map((one) => one.name)));
  const nodes = lazy(() => new Set(objects.nodes.map((one) => one.name)));
  const slices = lookup((name) => objects.endpointSlicesHaving(name), indexSlices);
  const pods = lookup((text) => objects.podsHaving(text), indexPods);
  return {
    get dns() {
      return dns();
    },
    knowsService: (namespace, name) => objects.holds('services', byName(name, namespace)),
    knowsSlices: ({ namespace, name }) => objects.holds('endpointslices', byService(namespace, name)),
    hasNamespace: (name) => !objects.captured('namespaces') || namespaces().has(name),
    service: (namespace, name) => services(`${namespace}/${name}`, name),
    slices: (service) => slices(`${service.namespace}/${service.name}`, service.name) ?? [],
    podAt: (namespace, ip) => pods(`${namespace} ${ip}`, ip),
    podOf: ({ podNamespace, podName }) =>
      podName === null ? undefined : pods(`${podNamespace ?? ''}/${podName}`, podName),
    isNode: (name) => nodes().has(name),
  };
}

function indexSlices(some: readonly EndpointSliceFact[]): ReadonlyMap<string, readonly EndpointSliceFact[]> {
  const slicesOf = new Map<string, EndpointSliceFact[]>();
  for (const slice of some) {
    if (slice.serviceName === null) continue;
    const key = `${slice.namespace}/${slice.serviceName}`;
    const list = slicesOf.get(key);
    if (list === undefined) slicesOf.set(key, [slice]);
    else list.push(slice);
  }
  return slicesOf;
}

function indexPods(some: readonly PodFact[]): ReadonlyMap<string, PodFact> {
  const byPlace = new Map<string, PodFact>();
  for (const pod of some) {
    byPlace.set(`${pod.namespace}/${pod.name}`, pod);
    for (const ip of pod.ips) byPlace.set(`${pod.namespace} ${ip}`, pod);
  }
  return byPlace;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
