import type { ProxyDump } from '../../model/proxy-dump.ts';
import { clusterKey, parseAnyClusterName, parseClusterName } from './cluster-name.ts';
import { enumName, text } from './message.ts';
import { ownerText } from './owner.ts';
import { runningResources } from './resources.ts';
import { sortedBy, type Table } from './table.ts';

export interface ClusterFilter {
  /** Part of the host; of a name without parts, part of the name. */
  readonly fqdn: string | null;
  readonly direction: string | null;
  /** Part of the subset. */
  readonly subset: string | null;
  readonly port: number | null;
}

/** envoy.config.cluster.v3.Cluster.DiscoveryType */
const TYPES = ['STATIC', 'STRICT_DNS', 'LOGICAL_DNS', 'EDS', 'ORIGINAL_DST'];

/**
 * Active clusters that pass the filter, by host, subset, port and direction.
 * @throws QuestionError when the dump has no clusters
 */
export function listClusters(dump: ProxyDump, filter: ClusterFilter): readonly unknown[] {
  const places = [
    ['dynamic_active_clusters', 'cluster'],
    ['static_clusters', 'cluster'],
  ] as const;
  const found = runningResources(dump, 'ClustersConfigDump', places, filter.fqdn ?? filter.subset);
  const passing = found.filter((cluster) => passesCluster(text(cluster, 'name'), filter));
  return sortedBy(passing, (cluster) => clusterKey(text(cluster, 'name')));
}

/** Whether a cluster of that name passes. */
export function passesCluster(name: string, { fqdn, direction, subset, port }: ClusterFilter): boolean {
  const parts = parseAnyClusterName(name);
  if (fqdn !== null && !(parts?.host ?? name).includes(fqdn)) return false;
  if (direction !== null && parts?.direction !== direction) return false;
  if (subset !== null && parts?.subset.includes(subset) !== true) return false;
  return port === null || parts?.port === port;
}

/** @param named with the resource's name in a column of its own, as `all` shows it */
export function clusterTable(clusters: readonly unknown[], named: boolean): Table {
  const columns = ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'];
  const rows = clusters.map((cluster) => {
    const name = text(cluster, 'name');
    const parts = parseClusterName(name);
    const shown = named && name !== '' ? `cluster/${name}` : name;
    const about =
      parts === undefined
        ? [shown, '-', '-', '-']
        : [parts.host, String(parts.port), parts.subset === '' ? '-' : parts.subset, parts.direction];
    return [...(named ? [shown] : []), ...about, discoveryType(cluster), ownerText(cluster)];
  });
  return { columns: named ? ['NAME', ...columns] : columns, rows, padding: 5 };
}

/** How the cluster finds its endpoints; of an extension, its name. */
function discoveryType(cluster: unknown): string {
  return text(cluster, 'cluster_type', 'name') || enumName(cluster, 'type', TYPES);
}
