/** Which artefacts belong to a part of a cluster. */

/** What a snapshot is limited to. Lists of objects always belong: a request to one namespace meets Services and policies of others. */
export interface SnapshotScope {
  /** The pods whose network namespaces and proxies belong; null: those of all namespaces. */
  readonly namespace: string | null;
  /** Nodes whose dumps belong; empty: all. */
  readonly nodes: readonly string[];
  /** Pods whose proxies belong, as `namespace/name`; empty: all. */
  readonly proxies: readonly string[];
}

/** Whether an artefact belongs to the scope. */
export function inScope(name: string, { namespace, nodes, proxies }: SnapshotScope): boolean {
  const [, , kind, first = '', second = '', part] = name.split('/');
  if (kind === 'nodes') return nodes.length === 0 || nodes.includes(first);
  if (kind !== 'pods') return true;
  const pod = `${first}/${second}`;
  if (proxies.includes(pod)) return true;
  if (namespace !== null && first !== namespace) return false;
  return part !== 'envoy' || proxies.length === 0;
}

/** The scope in the words of the command line. */
export function describeScope({ namespace, nodes, proxies }: SnapshotScope): string[] {
  return [
    ...(namespace === null ? [] : [`--namespace ${namespace}`]),
    ...nodes.map((node) => `--node ${node}`),
    ...proxies.map((proxy) => `--proxy ${proxy}`),
  ];
}
