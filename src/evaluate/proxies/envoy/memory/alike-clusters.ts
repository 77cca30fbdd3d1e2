/**
 * Clusters that differ in nothing but names and the addresses of their hosts, so that a request to one ends as one to another.
 * In: names of clusters. Out: of which kind each is, and how its hosts are called. It must not take for a name what a rule looks at.
 */
import { canonicalAddress, formatEndpoint } from '../../../../model/address.ts';
import type { EnvoyConfigDump, EnvoyFacts, EnvoyResource, PrintedResource } from '../../../../model/envoy.ts';
import { ASSIGNMENT_NAMES, CLUSTER_NAMES } from '../../../../model/envoy-names.ts';
import type { Cursor } from '../../../../model/json.ts';
import { list, number, text, field as valueOf } from '../../../../model/protobuf-message.ts';
import { ResourceKinds } from './resource-kinds.ts';
import type { SortedResource } from './resource-kinds.ts';
import type { Runtime } from '../runtime.ts';
import { usesSubsets } from '../cluster/subset.ts';

/** A cluster, and which others are like it. */
export interface AlikeCluster {
  readonly name: string;
  /** Two of the same kind differ in names and addresses alone. */
  readonly kind: string;
  /** `10.0.0.1:80` of each host, in the order of the assignment; null: one of them has no IP address, or that of another. */
  readonly hosts: readonly string[] | null;
}

/** The proxy that has the clusters. */
export interface ClusteredProxy {
  readonly facts: EnvoyFacts;
  readonly config: EnvoyConfigDump;
  readonly runtime: Runtime;
}

/** The clusters of one proxy. */
export class AlikeClusters {
  readonly #clusters = new ResourceKinds(CLUSTER_NAMES);
  readonly #assignments = new ResourceKinds(ASSIGNMENT_NAMES);
  readonly #traits = new Map<EnvoyResource, ClusterTraits>();
  readonly #hostSlots = new Map<PrintedResource['form'], readonly HostSlots[] | null>();
  readonly #known = new Map<string, AlikeCluster | null>();
  readonly #proxy: ClusteredProxy;
  /** What /clusters says of a cluster is of that one alone, as is a switch in the runtime. */
  readonly #apart: boolean;

  constructor(proxy: ClusteredProxy) {
    this.#proxy = proxy;
    this.#apart = proxy.facts.clusters !== null || proxy.runtime.showsBelow('upstream.maintenance_mode');
  }

  /** The cluster of a name; null: it is like no other, as far as is known. */
  of(name: string): AlikeCluster | null {
    let known = this.#known.get(name);
    if (known === undefined) {
      known = this.#find(name);
      this.#known.set(name, known);
    }
    return known;
  }

  #find(name: string): AlikeCluster | null {
    if (this.#apart) return null;
    const { config } = this.#proxy;
    const cluster = config.cluster(name);
    if (cluster === undefined) return { name, kind: 'missing', hosts: [] };
    if (cluster.state !== 'active') return null;
    const sorted = this.#clusters.of(cluster);
    if (sorted === null) return null;
    const traits = this.#traitsOf(sorted);
    if (traits.usesSubsets) return null;
    const service = sorted.printed?.names[traits.servicePlace] ?? traits.service;
    const [assignment, another] = config.endpoints(service === '' ? name : service);
    if (assignment === undefined || another !== undefined) return null;
    const assigned = this.#assignments.of(assignment);
    if (assigned === null) return null;
    return {
      name,
      kind: `${sorted.kind} ${assigned.kind}`,
      hosts: distinct(this.#hostsOf(assignment, assigned)),
    };
  }

  #traitsOf({ standIn, printed }: SortedResource): ClusterTraits {
    let traits = this.#traits.get(standIn);
    if (traits === undefined) {
      traits = clusterTraits(standIn.config, printed?.form.pointers ?? []);
      this.#traits.set(standIn, traits);
    }
    return traits;
  }

  /** As its text tells them where it does; null: one of them has no IP address. */
  #hostsOf(assignment: EnvoyResource, { standIn, printed }: SortedResource): readonly string[] | null {
    const slots = printed === null ? null : this.#slotsOf(printed.form, standIn);
    if (printed === null || slots === null) return hostNames(assignment.config.value);
    const hosts: string[] = [];
    for (const { address, port } of slots) {
      const host = hostName(printed.names[address] ?? '', Number(printed.names[port]));
      if (host === null) return null;
      hosts.push(host);
    }
    return hosts;
  }

  #slotsOf(form: PrintedResource['form'], standIn: EnvoyResource): readonly HostSlots[] | null {
    let slots = this.#hostSlots.get(form);
    if (slots === undefined) {
      slots = hostSlots(form, standIn.config.value);
      this.#hostSlots.set(form, slots);
    }
    return slots;
  }
}

function distinct(names: readonly string[] | null): readonly string[] | null {
  return names !== null && new Set(names).size === names.length ? names : null;
}

/** Where the address and the port of a host stand among the names of an assignment. */
interface HostSlots {
  readonly address: number;
  readonly port: number;
}

const HOST_ADDRESS = /\/endpoints\/\d+\/lb_endpoints\/\d+\/endpoint\/address\/socket_address\/address$/;

/** Of each host, in their order; null: one of them has no such address. */
function hostSlots({ pointers }: PrintedResource['form'], assignment: unknown): readonly HostSlots[] | null {
  const slots = pointers.flatMap((pointer, address) =>
    HOST_ADDRESS.test(pointer)
      ? { address, port: pointers.lastIndexOf(pointer.replace(/address$/, 'port_value')) }
      : [],
  );
  const hosts = list(assignment, 'endpoints').flatMap((locality) => list(locality, 'lb_endpoints'));
  return slots.length === hosts.length && slots.every(({ port }) => port >= 0) ? slots : null;
}

/** What a cluster has in common with those for which it stands. */
interface ClusterTraits {
  readonly usesSubsets: boolean;
  /** The name of its endpoints, where it has one of its own. */
  readonly service: string;
  /** Where that stands among the names in the text of each; -1: none of them has one. */
  readonly servicePlace: number;
}

const SERVICE_NAME = /\/eds_cluster_config\/service_name$/;

function clusterTraits(cluster: Cursor, pointers: readonly string[]): ClusterTraits {
  return {
    usesSubsets: usesSubsets(cluster),
    service: text(cluster.value, 'eds_cluster_config', 'service_name'),
    servicePlace: pointers.findLastIndex((pointer) => SERVICE_NAME.test(pointer)),
  };
}

function hostNames(assignment: unknown): readonly string[] | null {
  const names: string[] = [];
  for (const locality of list(assignment, 'endpoints')) {
    for (const endpoint of list(locality, 'lb_endpoints')) {
      const socket = valueOf(endpoint, 'endpoint', 'address', 'socket_address');
      const name = hostName(text(socket, 'address'), number(socket, 'port_value'));
      if (name === null) return null;
      names.push(name);
    }
  }
  return names;
}

function hostName(address: string, port: number): string | null {
  const canonical = canonicalAddress(address);
  return canonical === undefined ? null : formatEndpoint(canonical, port);
}
