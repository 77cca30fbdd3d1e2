import type { Guest } from './guest.ts';

/** Files of a snapshot that tell of one network namespace, with the command that makes each. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  'iptables-save.txt': ['iptables-save', '-c'],
  'ip6tables-save.txt': ['ip6tables-save', '-c'],
  'ipvsadm-save.txt': ['ipvsadm', '-Sn'],
  'ipset-save.txt': ['ipset', 'save'],
  'conntrack.txt': ['conntrack', '-L', '-o', 'extended'],
  'sysctl.txt': ['sysctl', '-a', '-r', '^net\\.(ipv4|ipv6|netfilter)\\.'],
  'sockets.txt': ['ss', '-Hlntup'],
  'ip-address.json': ['ip', '-j', 'address'],
  'ip-route.json': ['ip', '-j', '-4', 'route', 'show', 'table', 'all'],
  'ip-route6.json': ['ip', '-j', '-6', 'route', 'show', 'table', 'all'],
  'ip-rule.json': ['ip', '-j', 'rule'],
  'ip-rule6.json': ['ip', '-j', '-6', 'rule'],
  'ip-link.json': ['ip', '-j', '-d', 'link'],
  'ip-neigh.json': ['ip', '-j', 'neigh'],
};

/** What else the kernel tells of IPVS; a snapshot has no place for it. */
const DETAILS: Readonly<Record<string, readonly string[]>> = {
  'proc-net-ip_vs.txt': ['cat', '/proc/net/ip_vs'],
  'proc-net-ip_vs_conn.txt': ['cat', '/proc/net/ip_vs_conn'],
  'ipvsadm-Ln-thresholds.txt': ['ipvsadm', '-Ln', '--thresholds'],
  'ipvsadm-Ln-persistent-conn.txt': ['ipvsadm', '-Ln', '--persistent-conn'],
};

async function collect(
  guest: Guest,
  netns: string,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [name, argv] of Object.entries(commands)) files.set(name, await guest.run(netns, argv));
  return files;
}

/** @returns the files of a snapshot for a network namespace of the guest, by name */
export function collectNetnsFiles(guest: Guest, netns: string): Promise<ReadonlyMap<string, string>> {
  return collect(guest, netns, COMMANDS);
}

/** @returns what the kernel and ipvsadm tell of IPVS beyond a snapshot, by name */
export function collectIpvsDetails(guest: Guest, netns: string): Promise<ReadonlyMap<string, string>> {
  return collect(guest, netns, DETAILS);
}
