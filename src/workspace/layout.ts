/** Names of a snapshot: which artefact holds which fact, and how a person would capture it. */

/** Where the files of one network namespace stand, and how to get into it. */
export interface NetnsPlace {
  /** `node/node1`, `pod/bookinfo/reviews-v1` */
  readonly name: string;
  /** Folder, with its closing slash. */
  readonly folder: string;
  /** `on node1` */
  readonly where: string;
}

export function clusterFolder(cluster: string): string {
  return `clusters/${cluster}/`;
}

export function nodeFolder(cluster: string, node: string): string {
  return `clusters/${cluster}/nodes/${node}/`;
}

export function podFolder(cluster: string, namespace: string, pod: string): string {
  return `clusters/${cluster}/pods/${namespace}/${pod}/`;
}

/** A pod of a cluster. */
interface PodPlace {
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
}

/** Name of an answer of a pod's proxy. */
export function envoyFile({ cluster, namespace, pod }: PodPlace, file: 'config_dump.json' | 'clusters.json'): string {
  return `${podFolder(cluster, namespace, pod)}envoy/${file}`;
}

/** The pods of whose proxies these names hold answers, each once. */
export function podsWithProxy(names: readonly string[]): readonly PodPlace[] {
  const places = new Map<string, PodPlace>();
  for (const name of names) {
    const place = envoyFileOf(name);
    if (place !== undefined) places.set(podFolder(place.cluster, place.namespace, place.pod), place);
  }
  return [...places.values()];
}

/** The pod of whose proxy a name is an answer. */
function envoyFileOf(name: string): PodPlace | undefined {
  const [, cluster, namespace, pod] =
    /^clusters\/([^/]+)\/pods\/([^/]+)\/([^/]+)\/envoy\/(?:config_dump|clusters)\.json$/.exec(name) ?? [];
  return cluster === undefined || namespace === undefined || pod === undefined
    ? undefined
    : { cluster, namespace, pod };
}

/** The istiod whose answer a name is, and the name of the answer's file. */
export function istiodFileOf(name: string): { readonly istiod: string; readonly file: string } | undefined {
  const [, istiod, file] = /^clusters\/[^/]+\/istiod\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
  return istiod === undefined || file === undefined ? undefined : { istiod, file };
}

/** Name of the config_dump of a node's ztunnel. */
export function ztunnelFile(cluster: string, node: string): string {
  return `${clusterFolder(cluster)}ztunnel/${node}/config_dump.json`;
}

/** The node of whose ztunnel a name is the config_dump. */
export function ztunnelNodeOf(name: string): string | undefined {
  return /^clusters\/[^/]+\/ztunnel\/([^/]+)\/config_dump\.json$/.exec(name)?.[1];
}

export function nodePlace(cluster: string, node: string): NetnsPlace {
  return { name: `node/${node}`, folder: nodeFolder(cluster, node), where: `on ${node}` };
}

export function podPlace(cluster: string, namespace: string, pod: string): NetnsPlace {
  return {
    name: `pod/${namespace}/${pod}`,
    folder: `${podFolder(cluster, namespace, pod)}netns/`,
    where: `in the network namespace of pod ${namespace}/${pod} (\`nsenter -t PID -n\` on its node)`,
  };
}

/** Files of a network namespace, with the command that makes each. */
const NETNS_FILES: Readonly<Record<string, string>> = {
  'iptables-save.txt': 'iptables-save -c',
  'ip6tables-save.txt': 'ip6tables-save -c',
  'iptables-legacy-save.txt': 'iptables-legacy-save -c',
  'ip6tables-legacy-save.txt': 'ip6tables-legacy-save -c',
  'ipvsadm-save.txt': 'ipvsadm -Sn',
  'ip_vs.txt': 'cat /proc/net/ip_vs',
  'ipvsadm-connections.txt': 'ipvsadm -Lnc',
  'ipset-save.txt': 'ipset save',
  'conntrack.txt': 'conntrack -L -o extended',
  'sysctl.txt': 'sysctl -a',
  'sockets.txt': 'ss -lntup',
  'nft-ruleset.txt': 'nft list ruleset',
  'nft-ruleset.json': 'nft -j list ruleset',
  'ip-address.json': 'ip -j address',
  'ip-route.json': 'ip -j -4 route show table all',
  'ip-route6.json': 'ip -j -6 route show table all',
  'ip-rule.json': 'ip -j rule',
  'ip-rule6.json': 'ip -j -6 rule',
  'ip-link.json': 'ip -j -d link',
  'ip-neigh.json': 'ip -j neigh',
};
/** Files of a node alone, with the command that makes each in the container of an agent there. */
const AGENT_FILES: Readonly<Record<string, string>> = {
  'cilium-services.json': 'cilium-dbg service list -o json',
  'cilium-load-balancer.json': 'cilium-dbg bpf lb list -o json',
};
/** Answers of a node's Cilium: what its agent has programmed, and what stands in the eBPF maps. */
export const CILIUM_FILES = { services: 'cilium-services.json', loadBalancer: 'cilium-load-balancer.json' } as const;
/** Files of every network namespace. */
export const NETNS_FILE_NAMES: readonly string[] = Object.keys(NETNS_FILES);
/** Answers of kube-proxy. */
export const KUBE_PROXY_FILES = ['proxyMode', 'configz', 'healthz', 'metrics'];
/** Answers of an Envoy's admin interface. */
export const ENVOY_FILES = ['config_dump.json', 'clusters.json', 'listeners.json', 'server_info.json', 'stats.json'];

/** One clause: how a person would capture a file of a network namespace. */
export function captureRemedy(place: NetnsPlace, file: string): string {
  return `run \`${NETNS_FILES[file] ?? AGENT_FILES[file] ?? file} > ${place.folder}${file}\` ${place.where}`;
}

const RESOURCE = /^clusters\/([^/]+)\/resources\/[^/]+\/[^/]+\/([^/]+)\.json$/;

/** Cluster and plural of a List: `clusters/lab/resources/core/v1/services.json`. */
export function resourceOf(name: string): { readonly cluster: string; readonly plural: string } | undefined {
  const [, cluster, plural] = RESOURCE.exec(name) ?? [];
  return cluster === undefined || plural === undefined ? undefined : { cluster, plural };
}

/** The cluster that a name belongs to. */
export function clusterOf(name: string): string | undefined {
  return /^clusters\/([^/]+)\/./.exec(name)?.[1];
}

/** The node whose dump a name is. */
export function nodeOf(name: string): { readonly cluster: string; readonly node: string } | undefined {
  const [, cluster, node] = /^clusters\/([^/]+)\/nodes\/([^/]+)\/./.exec(name) ?? [];
  return cluster === undefined || node === undefined ? undefined : { cluster, node };
}

/** Folders of the format whose files have fixed names, by the shape of the path. */
const FIXED: readonly (readonly [folder: RegExp, files: readonly string[]])[] = [
  [/^clusters\/[^/]+\/nodes\/[^/]+\/([^/]+)$/, [...Object.keys(NETNS_FILES), ...Object.keys(AGENT_FILES)]],
  [/^clusters\/[^/]+\/nodes\/[^/]+\/kube-proxy\/([^/]+)$/, KUBE_PROXY_FILES],
  [/^clusters\/[^/]+\/pods\/[^/]+\/[^/]+\/netns\/([^/]+)$/, Object.keys(NETNS_FILES)],
  [/^clusters\/[^/]+\/pods\/[^/]+\/[^/]+\/envoy\/([^/]+)$/, ENVOY_FILES],
];

/**
 * Names of its folder that a file could have been meant to have; undefined when the file has one of them, or stands where the
 * format fixes no names. A captured file that nobody reads must not go unnoticed.
 */
export function expectedNames(name: string): readonly string[] | undefined {
  for (const [folder, files] of FIXED) {
    const file = folder.exec(name)?.[1];
    if (file !== undefined) return files.includes(file) ? undefined : files;
  }
  return undefined;
}
