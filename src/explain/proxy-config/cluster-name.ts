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
  // By index: a large dump has a name in every line of a table, and lists of its parts cost more than the parts.
  const first = name.indexOf('|');
  const second = name.indexOf('|', first + 1);
  const third = name.indexOf('|', second + 1);
  if (first < 0 || second <= first || third <= second) return undefined;
  const port = name.slice(first + 1, second);
  return {
    direction: name.slice(0, first),
    port: /^[+-]?\d+$/.test(port) ? Number(port) : 0,
    subset: name.slice(second + 1, third),
    host: name.slice(third + 1),
  };
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
