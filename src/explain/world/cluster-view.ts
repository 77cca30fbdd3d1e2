import type { Prefix } from '../../model/address.ts';
import { contains, isLoopbackText, parseAddress, parsePrefix } from '../../model/address.ts';
import type { ClusterFacts, NetnsFacts } from '../../model/facts.ts';
import type { ServiceAddressKind } from '../../model/kube-proxy.ts';
import type { KubernetesObjects, NodeFact, ObjectFact, PodFact, ServiceFact } from '../../model/kubernetes.ts';
import { lookup } from '../../model/lookup.ts';
import { byName, byNode, byPodAddress, byService, type Selection } from '../../model/selection.ts';
import type { Owner } from '../../model/trace.ts';
import { indexNames, type NameIndex } from '../../evaluate/dns/name-index.ts';
import { proxyNode, type ProxyNode } from '../../evaluate/kube-proxy/node.ts';
import { indexServices, type ServiceIndex } from '../../evaluate/kube-proxy/service-index.ts';

/** A Service that answers at an address. */
export interface ServiceAtAddress {
  readonly service: ServiceFact;
  readonly kind: ServiceAddressKind;
}

/** What the walk looks up in one cluster. Indexes are built on first use; nothing changes afterwards. */
export interface ClusterView {
  readonly name: string;
  readonly facts: ClusterFacts;
  /** Undefined when no object at all was read. */
  readonly objects: KubernetesObjects | undefined;
  /** The running pod with this address; of hostNetwork pods none (their address is the node's). */
  podAt(ip: string): PodFact | undefined;
  /** The node that owns this address, by its API object or by its captured interfaces. */
  nodeAt(ip: string): string | undefined;
  nodeNamed(name: string): NodeFact | undefined;
  /** Nodes known from the API or from dumps, sorted. */
  readonly nodes: readonly string[];
  /** Services whose cluster, external or load balancer address this is. */
  servicesAt(ip: string): readonly ServiceAtAddress[];
  /** Whether the address is in a range that the cluster gives to Services. */
  isServiceAddress(ip: string): boolean;
  service(namespace: string, name: string): ServiceFact | undefined;
  pod(namespace: string, name: string): PodFact | undefined;
  /** Pods of this name in all namespaces. */
  podsNamed(name: string): readonly PodFact[];
  /** The pods of a node. */
  podsOn(node: string): readonly PodFact[];
  netns(owner: Owner): NetnsFacts;
  /** Addresses of all interfaces of a node; null: nobody captured them. */
  interfaceAddresses(node: string): readonly string[] | null;
  /** A node as kube-proxy there knows it; the same for every packet, since it holds the ranges of all nodes. */
  proxyNode(node: NodeFact): ProxyNode;
  serviceIndex(): ServiceIndex;
  /** Undefined when no object at all was read. */
  nameIndex(): NameIndex | undefined;
}

const NONE: readonly never[] = [];
const NO_SERVICES = { services: NONE, servicesHaving: () => NONE, endpointSlicesHaving: () => NONE };
const FINISHED = new Set(['Succeeded', 'Failed']);

/** Builds the view; costs nothing until it is asked. */
export function createClusterView(facts: ClusterFacts): ClusterView {
  const objects = facts.objects().value;
  const pods = lookup((ip) => objects?.podsHaving(ip) ?? NONE, indexPodAddresses);
  const nodes = lazy(() => indexNodes(facts, objects));
  const services = lookup((ip) => objects?.servicesHaving(ip) ?? NONE, indexServiceAddresses);
  const ranges = lazy(() => serviceRanges(objects));
  const named = lookup((name) => objects?.servicesHaving(name, 'name') ?? NONE, indexPlaces<ServiceFact>);
  const podsByName = lookup((name) => objects?.podsHaving(name, 'name') ?? NONE, indexPlaces<PodFact>);
  const nodesNamed = lazy(() => new Map((objects?.nodes ?? []).map((one) => [one.name, one])));
  const knowsSlices = ({ namespace, name }: ServiceFact): boolean =>
    objects?.holds('endpointslices', byService(namespace, name)) === true;
  const serviceIndex = lazy(() => indexServices(objects ?? NO_SERVICES, knowsSlices));
  const nameIndex = lazy(() => (objects === undefined ? undefined : indexNames(objects)));
  const interfaceAddresses = (node: string): readonly string[] | null =>
    facts
      .node(node)
      .netns.addresses()
      .value?.map((one) => one.address) ?? null;
  const proxyNodes = new Map<string, ProxyNode>();
  return {
    interfaceAddresses,
    proxyNode: (node) => {
      const made = proxyNodes.get(node.name) ?? proxyNode(node, interfaceAddresses(node.name), objects?.nodes ?? NONE);
      proxyNodes.set(node.name, made);
      return made;
    },
    serviceIndex,
    nameIndex,
    name: facts.name,
    facts,
    objects,
    podAt: (ip) => {
      const pod = pods(ip);
      // What a Service, a node or the machine itself has is no pod's: nobody need look for one.
      const others = pod !== undefined || isLoopbackText(ip) || nodes().has(ip) || services(ip) !== undefined;
      if (!others) soughtByAddress(objects, ip);
      return pod;
    },
    nodeAt: (ip) => nodes().get(ip),
    nodeNamed: (name) => nodesNamed().get(name),
    get nodes() {
      return [...new Set([...(objects?.nodes ?? []).map((node) => node.name), ...facts.dumpedNodes])].toSorted();
    },
    servicesAt: (ip) => services(ip) ?? [],
    isServiceAddress: (ip) => {
      const address = parseAddress(ip);
      if (address === undefined) return false;
      const virtual = (services(ip) ?? []).some((one) => one.kind === 'clusterIP');
      return virtual || ranges().some((range) => contains(range, address));
    },
    service: (namespace, name) =>
      named(`${namespace}/${name}`, name) ?? sought(objects, 'services', byName(name, namespace)),
    pod: (namespace, name) =>
      podsByName(`${namespace}/${name}`, name) ?? sought(objects, 'pods', byName(name, namespace)),
    podsNamed: (name) => {
      sought(objects, 'pods', byName(name));
      return (objects?.podsHaving(name, 'name') ?? NONE).filter((pod) => pod.name === name);
    },
    podsOn: (node) => {
      sought(objects, 'pods', byNode(node));
      return (objects?.podsHaving(node) ?? NONE).filter((pod) => pod.nodeName === node);
    },
    netns: (owner) => {
      if (owner.kind === 'node') return facts.node(owner.node).netns;
      const { pod } = owner;
      return pod.hostNetwork && pod.nodeName !== null
        ? facts.node(pod.nodeName).netns
        : facts.pod(pod.namespace, pod.name).netns;
    },
  };
}

/** Notes that something was looked for: a live cluster fetches it for the next round, where a List is not known as a whole. */
function sought(objects: KubernetesObjects | undefined, plural: string, selection: Selection): undefined {
  objects?.holds(plural, selection);
}

/**
 * Looks for the pod of an address. The selection by address knows a pod's first address alone; whose second one it may be is told by
 * the pods of the node that gives out the range it lies in.
 */
function soughtByAddress(objects: KubernetesObjects | undefined, ip: string): void {
  const address = parseAddress(ip);
  if (address === undefined || objects?.holds('pods', byPodAddress(ip)) !== true || objects.captured('pods')) return;
  for (const { name, podCIDRs } of objects.nodes) {
    const ranges = podCIDRs.map(parsePrefix).filter((range) => range !== undefined);
    if (ranges.some((range) => contains(range, address))) sought(objects, 'pods', byNode(name));
  }
}

function indexNodes(facts: ClusterFacts, objects: KubernetesObjects | undefined): Map<string, string> {
  const byAddress = new Map<string, string>();
  for (const node of objects?.nodes ?? []) for (const { address } of node.addresses) byAddress.set(address, node.name);
  for (const name of facts.dumpedNodes) {
    for (const { address, scope } of facts.node(name).netns.addresses().value ?? []) {
      if (scope === 'global' && !byAddress.has(address)) byAddress.set(address, name);
    }
  }
  return byAddress;
}

function indexPodAddresses(pods: readonly PodFact[]): ReadonlyMap<string, PodFact> {
  const byAddress = new Map<string, PodFact>();
  for (const pod of pods) {
    if (pod.hostNetwork || FINISHED.has(pod.phase ?? '')) continue;
    for (const ip of pod.ips) if (!byAddress.has(ip)) byAddress.set(ip, pod);
  }
  return byAddress;
}

function indexPlaces<T extends ObjectFact>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((one) => [`${one.namespace}/${one.name}`, one]));
}

function indexServiceAddresses(services: readonly ServiceFact[]): ReadonlyMap<string, ServiceAtAddress[]> {
  const byAddress = new Map<string, ServiceAtAddress[]>();
  const add = (ip: string, service: ServiceFact, kind: ServiceAddressKind): void => {
    const list = byAddress.get(ip);
    if (list === undefined) byAddress.set(ip, [{ service, kind }]);
    else list.push({ service, kind });
  };
  for (const service of services) {
    for (const ip of service.clusterIPs) add(ip, service, 'clusterIP');
    for (const ip of service.externalIPs) add(ip, service, 'externalIP');
    for (const { ip } of service.loadBalancerIngress) if (ip !== null) add(ip, service, 'loadBalancerIP');
  }
  return byAddress;
}

function serviceRanges(objects: KubernetesObjects | undefined): Prefix[] {
  return (objects?.serviceCIDRs ?? []).flatMap(({ cidr }) => {
    const prefix = parsePrefix(cidr);
    return prefix === undefined ? [] : [prefix];
  });
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
