import type { ProxyDump } from '../../model/proxy-dump.ts';
import { clusterKey, parseAnyClusterName, parseClusterName } from './cluster-name.ts';
import { enumName, text } from '../../model/protobuf-message.ts';
import { ownerText } from './owner.ts';
import { runningResources, type Detail } from './resources.ts';
import { clusterNameTraits, notedServices, selects, type Selection, type Traits } from './selection.ts';
import { sortedBy, type SortKey, type Table } from './table.ts';

export interface ClusterFilter {
  /** Part of the host; of a name without parts, part of the name. */
  readonly fqdn: string | null;
  readonly selection: Selection;
}

/** Traits that the endpoints of a cluster give it: addresses, pods, nodes. */
export type EndpointTraits = (cluster: string) => Traits;

/** envoy.config.cluster.v3.Cluster.DiscoveryType */
const TYPES = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'];

/** What neither cells nor filters look at. */
const UNSHOWN = ['transport_socket_matches": ['];

/**
 * Active clusters that pass the filter, in the order of the dump.
 * @throws QuestionError when the dump has no clusters
 */
export function* listClusters(
  dump: ProxyDump,
  filter: ClusterFilter,
  endpoints: EndpointTraits,
  detail: Detail,
): Generator {
  const places = [
    ['dynamic_active_clusters', 'cluster'],
    ['static_clusters', 'cluster'],
  ] as const;
  const wish = { holding: filter.fqdn, without: detail === 'cells' ? UNSHOWN : [] };
  for (const cluster of runningResources(dump, 'ClustersConfigDump', places, wish)) {
    if (passesCluster(cluster, ['active'], filter, endpoints)) yield cluster;
  }
}

/** By host, subset, port and direction. */
export function sortClusters(clusters: Iterable<unknown>): readonly unknown[] {
  return sortedBy([...clusters], (cluster) => clusterKey(text(cluster, 'name')));
}

/** Whether a cluster passes. */
export function passesCluster(
  cluster: unknown,
  states: readonly string[],
  { fqdn, selection }: ClusterFilter,
  endpoints: EndpointTraits,
): boolean {
  const name = text(cluster, 'name');
  if (fqdn !== null && !(parseAnyClusterName(name)?.host ?? name).includes(fqdn)) return false;
  const named = clusterNameTraits(name);
  return selects(selection, (trait) => {
    if (trait === 'status') return states;
    if (trait === 'service') return [...named(trait), ...notedServices(cluster)];
    return trait === 'pod' || trait === 'node' || trait === 'address' ? endpoints(name)(trait) : named(trait);
  });
}

/**
 * One row for each cluster, by host, subset, port and direction.
 * @param named with the resource's name in a column of its own, as `all` shows it
 */
export function clusterTable(clusters: Iterable<unknown>, named: boolean): Table {
  const columns = ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'];
  const found: { readonly key: SortKey; readonly cells: readonly string[] }[] = [];
  for (const cluster of clusters) {
    const name = text(cluster, 'name');
    const shown = named && name !== '' ? `cluster/${name}` : name;
    const about = [...clusterNameCells(name, shown), discoveryType(cluster), ownerText(cluster)];
    found.push({ key: clusterKey(name), cells: named ? [shown, ...about] : about });
  }
  const rows = sortedBy(found, ({ key }) => key).map(({ cells }) => cells);
  return { columns: named ? ['NAME', ...columns] : columns, rows, padding: 5 };
}

/** SERVICE FQDN, PORT, SUBSET and DIRECTION; a name without these parts stands for the first. */
export function clusterNameCells(name: string, shown: string): readonly string[] {
  const parts = parseClusterName(name);
  if (parts === undefined) return [shown, '-', '-', '-'];
  return [parts.host, String(parts.port), parts.subset === '' ? '-' : parts.subset, parts.direction];
}

/** How the cluster finds its endpoints; of an extension, its name. */
export function discoveryType(cluster: unknown): string {
  return text(cluster, 'cluster_type', 'name') || enumName(cluster, 'type', TYPES);
}
