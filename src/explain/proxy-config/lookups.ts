import type { ProxyClusterStatuses, ProxyDump } from '../../model/proxy-dump.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import type { FilterLookups } from './filtered-dump.ts';
import { countEndpoints, endpointDetails, type EndpointDetail } from './inventory/endpoint-detail.ts';
import { placeOfAddress } from './inventory/endpoint-place.ts';
import { leadsTo } from './inventory/listener-detail.ts';
import { statedResources } from './inventory/stated-resources.ts';
import { list, text } from '../../model/protobuf-message.ts';
import { clustersOf } from './routes.ts';
import { clusterNameTraits, type Trait, type Traits } from './selection.ts';

/** What is known of one proxy beside the resource that is looked at. Nothing is read before it is asked for. */
export interface ProxyLookups extends FilterLookups {
  /** Every endpoint, one after the other, without keeping them. */
  allEndpoints(): Iterable<EndpointDetail>;
  /** Addresses of a cluster's endpoints, with their ports. */
  endpointsOf(cluster: string): readonly string[];
  /** null: no endpoints were captured. */
  count(cluster: string): { readonly healthy: number; readonly total: number } | null;
}

/** What the lookups are made of. */
export interface LookupSources {
  readonly dump: ProxyDump | null;
  readonly statuses: ProxyClusterStatuses | null;
  readonly view: ClusterView | null;
}

/** @param sources asked when something is looked up */
export function proxyLookups(sources: () => LookupSources): ProxyLookups {
  let counts: ReadonlyMap<string, { healthy: number; total: number }> | undefined;
  let byCluster: ReadonlyMap<string, readonly EndpointDetail[]> | undefined;
  let places: ReturnType<typeof placeOfAddress> | undefined;
  let routes: ReadonlyMap<string, readonly string[]> | undefined;
  const ofCluster = (cluster: string): readonly EndpointDetail[] => {
    byCluster ??= groupByCluster(endpointDetails(sources()));
    return byCluster.get(cluster) ?? [];
  };
  return {
    allEndpoints: () => endpointDetails(sources()),
    count: (cluster) => {
      counts ??= countEndpoints(sources());
      return counts.get(cluster) ?? (counts.size === 0 ? null : { healthy: 0, total: 0 });
    },
    endpointsOf: (cluster) => ofCluster(cluster).map(({ endpoint }) => endpoint),
    endpoints: (cluster) => {
      const own = ofCluster(cluster);
      return (trait) => own.flatMap((one) => endpointTraits(one)(trait));
    },
    places: (cluster, address) => {
      const { view } = sources();
      if (view === null) return () => [];
      places ??= placeOfAddress(view);
      const { pod, node } = places({ cluster, address });
      return (trait) => podAndNode(pod, node, trait);
    },
    destinations: (listener) => {
      routes ??= routeTargets(sources().dump);
      const led = leadsTo(listener);
      const clusters = [...led.clusters, ...led.routes.flatMap((name) => routes?.get(name) ?? [])];
      return (trait) => clusters.flatMap((cluster) => clusterNameTraits(cluster)(trait));
    },
  };
}

function groupByCluster(details: Iterable<EndpointDetail>): ReadonlyMap<string, readonly EndpointDetail[]> {
  const groups = new Map<string, EndpointDetail[]>();
  for (const one of details) {
    const group = groups.get(one.cluster);
    if (group === undefined) groups.set(one.cluster, [one]);
    else group.push(one);
  }
  return groups;
}

/** What an endpoint can be filtered by. */
export function endpointTraits(one: EndpointDetail): Traits {
  return (trait) => {
    if (trait === 'address') return [one.address, `${one.address}:${one.port}`, one.endpoint];
    if (trait === 'port') return [String(one.port)];
    if (trait === 'status') return [one.health, ...(one.flags ?? []), ...(one.ejected === true ? ['ejected'] : [])];
    return trait === 'pod' || trait === 'node'
      ? podAndNode(one.pod, one.node, trait)
      : clusterNameTraits(one.cluster)(trait);
  };
}

/** A pod may be asked for with its namespace or without. */
function podAndNode(pod: string | null, node: string | null, trait: Trait): readonly string[] {
  if (trait === 'node') return node === null ? [] : [node];
  return trait === 'pod' && pod !== null ? [pod, pod.slice(0, pod.lastIndexOf('.'))] : [];
}

/** Clusters that each route configuration leads to. */
function routeTargets(dump: ProxyDump | null): ReadonlyMap<string, readonly string[]> {
  const targets = new Map<string, readonly string[]>();
  for (const { resource } of dump === null ? [] : statedResources(dump, 'route')) {
    const routes = list(resource, 'virtual_hosts').flatMap((host) => list(host, 'routes'));
    targets.set(text(resource, 'name'), [...new Set(routes.flatMap(clustersOf))]);
  }
  return targets;
}
