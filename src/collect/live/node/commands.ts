/** A command as the operating system takes it: never a line for a shell. */
export type Argv = readonly [tool: string, ...words: string[]];

/** How a file of a network namespace is read: commands that give the same, the best one first. */
export interface FileCommands {
  readonly commands: readonly Argv[];
  /** Whether an output that a command gave without an error is what was asked for; otherwise the next command is asked too. */
  readonly suffices?: (output: Buffer) => boolean;
  /** Whether there may be an output although the command ended with an error. */
  readonly partial?: boolean;
}

/** A line of `iptables-save` that opens a table. */
const TABLE = /^\*/m;
const holdsTable = (output: Buffer): boolean => TABLE.test(output.subarray(0, 65_536).toString('latin1'));

/**
 * The commands behind each file of a network namespace. Of iptables, the back end that has tables counts, whichever one the image
 * of a container calls `iptables-save`: kube-proxy's may have been built for another than the node uses.
 */
export const NETNS_COMMANDS: Readonly<Record<string, FileCommands>> = {
  'iptables-save.txt': {
    commands: [
      ['iptables-nft-save', '-c'],
      ['iptables-save', '-c'],
    ],
    suffices: holdsTable,
  },
  'ip6tables-save.txt': {
    commands: [
      ['ip6tables-nft-save', '-c'],
      ['ip6tables-save', '-c'],
    ],
    suffices: holdsTable,
  },
  'iptables-legacy-save.txt': { commands: [['iptables-legacy-save', '-c']] },
  'ip6tables-legacy-save.txt': { commands: [['ip6tables-legacy-save', '-c']] },
  'ipvsadm-save.txt': { commands: [['ipvsadm', '-Sn']] },
  'ip_vs.txt': { commands: [['cat', '/proc/net/ip_vs']] },
  'ipvsadm-connections.txt': { commands: [['ipvsadm', '-Lnc']] },
  'ipset-save.txt': { commands: [['ipset', 'save']] },
  'conntrack.txt': { commands: [['conntrack', '-L', '-o', 'extended']] },
  // Some keys can be written only, or belong to a device that is just going: the others are read all the same.
  'sysctl.txt': { commands: [['sysctl', '-a']], partial: true },
  'sockets.txt': { commands: [['ss', '-lntup']] },
  'nft-ruleset.txt': { commands: [['nft', 'list', 'ruleset']] },
  'nft-ruleset.json': { commands: [['nft', '-j', 'list', 'ruleset']] },
  'ip-address.json': { commands: [['ip', '-j', 'address']] },
  'ip-route.json': { commands: [['ip', '-j', '-4', 'route', 'show', 'table', 'all']] },
  'ip-route6.json': { commands: [['ip', '-j', '-6', 'route', 'show', 'table', 'all']] },
  'ip-rule.json': { commands: [['ip', '-j', 'rule']] },
  'ip-rule6.json': { commands: [['ip', '-j', '-6', 'rule']] },
  'ip-link.json': { commands: [['ip', '-j', '-d', 'link']] },
  'ip-neigh.json': { commands: [['ip', '-j', 'neigh']] },
};

/** The commands behind files of a node alone, which an agent of the network plugin has. Before 1.15 Cilium's is called cilium. */
export const AGENT_COMMANDS: Readonly<Record<string, FileCommands>> = {
  'cilium-services.json': {
    commands: [
      ['cilium-dbg', 'service', 'list', '-o', 'json'],
      ['cilium', 'service', 'list', '-o', 'json'],
    ],
  },
  'cilium-load-balancer.json': {
    commands: [
      ['cilium-dbg', 'bpf', 'lb', 'list', '-o', 'json'],
      ['cilium', 'bpf', 'lb', 'list', '-o', 'json'],
    ],
  },
};

/** Addresses of kube-proxy's own HTTP servers on its node (pkg/proxy/apis/config/v1alpha1/defaults.go). */
export const KUBE_PROXY_PATHS: Readonly<Record<string, { readonly port: number; readonly path: string }>> = {
  proxyMode: { port: 10_249, path: '/proxyMode' },
  configz: { port: 10_249, path: '/configz' },
  metrics: { port: 10_249, path: '/metrics' },
  healthz: { port: 10_256, path: '/healthz' },
};
