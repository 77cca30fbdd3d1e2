import type { SortKey } from './table.ts';

/** The parts that istiod writes into a cluster's name. */
export interface ClusterName {
  readonly direction: string;
  readonly port: number;
  readonly subset: string;
  readonly host: string;
}

/**
 * Takes `outbound|80|v1|host` apart (pilot/pkg/model, BuildSubsetKey). A port that is no number is 0.
 * @returns undefined when the name has no such parts
 */
export function parseClusterName(name: string): ClusterName | undefined {
  const [direction = '', port = '', subset = '', ...rest] = name.split('|');
  if (rest.length === 0) return undefined;
  return { direction, port: /^[+-]?\d+$/.test(port) ? Number(port) : 0, subset, host: rest.join('|') };
}

/** As {@link parseClusterName}, and the form for DNS SRV too: `outbound_.80_.v1_.host`. */
export function parseAnyClusterName(name: string): ClusterName | undefined {
  const srv = /^(outbound|inbound)_\.(\d+)_\.(.*?)_\.(.+)$/.exec(name);
  if (srv === null) return parseClusterName(name);
  const [, direction = '', port = '', subset = '', host = ''] = srv;
  return { direction, port: Number(port), subset, host };
}

/** Sort key: host, subset, port and direction; a name without these parts counts as a host. */
export function clusterKey(name: string): SortKey {
  const parts = parseClusterName(name);
  return parts === undefined ? [name, '', 0, ''] : [parts.host, parts.subset, parts.port, parts.direction];
}
