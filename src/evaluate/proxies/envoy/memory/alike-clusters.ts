/**
 * Clusters that differ in nothing but names and the addresses of their hosts, so that a request to one ends as one to another.
 * In: names of clusters. Out: of which kind each is, and how its hosts are called. It must not take for a name what a rule looks at.
 */
import { canonicalAddress, formatEndpoint } from '../../../../model/address.ts';
import type { EnvoyConfigDump, EnvoyFacts } from '../../../../model/envoy.ts';
import { list, number, text, field as valueOf } from '../../../../model/protobuf-message.ts';
import { freeEntries, freeMembers, Kinds } from './alike.ts';
import type { Runtime } from '../runtime.ts';
import { usesSubsets } from '../cluster/subset.ts';

/** A cluster, and which others are like it. */
export interface AlikeCluster {
  readonly name: string;
  /** Two of the same kind differ in names and addresses alone. */
  readonly kind: string;
  /** `10.0.0.1:80` of each host, in the order of the assignment; null: one of them has no IP address. */
  readonly hosts: () => readonly string[] | null;
}

const TLS_NAMES = freeMembers({ typed_config: freeMembers({ sni: 'text' }) });

/** What istiod notes of the objects that something was made of, which no rule looks at. */
const OBJECT_NAMES = freeMembers({
  filter_metadata: freeEntries({
    istio: freeEntries({ services: 'any', config: 'text', subset: 'text', workload: 'text' }),
  }),
});

const CLUSTER_NAMES = freeMembers({
  name: 'text',
  alt_stat_name: 'text',
  metadata: OBJECT_NAMES,
  eds_cluster_config: freeMembers({ service_name: 'text' }),
  transport_socket: TLS_NAMES,
  transport_socket_matches: { each: freeMembers({ transport_socket: TLS_NAMES }) },
});

const ADDRESS = freeMembers({ socket_address: freeMembers({ address: 'text', port_value: 'number' }) });
const HOST_NAMES = freeMembers({ endpoint: freeMembers({ address: ADDRESS }), metadata: OBJECT_NAMES });
const ASSIGNMENT_NAMES = freeMembers({
  cluster_name: 'text',
  endpoints: { each: freeMembers({ lb_endpoints: { each: HOST_NAMES } }) },
});

/** The proxy that has the clusters. */
export interface ClusteredProxy {
  readonly facts: EnvoyFacts;
  readonly config: EnvoyConfigDump;
  readonly runtime: Runtime;
}

/** The clusters of one proxy. */
export class AlikeClusters {
  readonly #clusters = new Kinds(CLUSTER_NAMES);
  readonly #assignments = new Kinds(ASSIGNMENT_NAMES);
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
    if (cluster === undefined) return { name, kind: 'missing', hosts: () => [] };
    if (cluster.state !== 'active' || usesSubsets(cluster.config)) return null;
    const { value } = cluster.config;
    const service = text(value, 'eds_cluster_config', 'service_name');
    const [assignment, another] = config.endpoints(service === '' ? name : service);
    if (assignment === undefined || another !== undefined) return null;
    const assigned = assignment.config.value;
    const kind = this.#clusters.kindOf(value);
    const assignedKind = this.#assignments.kindOf(assigned);
    if (kind === null || assignedKind === null) return null;
    let hosts: readonly string[] | null | undefined;
    return { name, kind: `${kind} ${assignedKind}`, hosts: () => (hosts ??= hostNames(assigned)) };
  }
}

function hostNames(assignment: unknown): readonly string[] | null {
  const names: string[] = [];
  for (const locality of list(assignment, 'endpoints')) {
    for (const endpoint of list(locality, 'lb_endpoints')) {
      const socket = valueOf(endpoint, 'endpoint', 'address', 'socket_address');
      const address = canonicalAddress(text(socket, 'address'));
      if (address === undefined) return null;
      names.push(formatEndpoint(address, number(socket, 'port_value')));
    }
  }
  return names;
}
