import type { Guest } from './guest.ts';

type Files = ReadonlyMap<string, string>;

/** Rules of any network namespace, with the command that makes each file of a snapshot. */
const RULES: Readonly<Record<string, readonly string[]>> = {
  'iptables-save.txt': ['iptables-save', '-c'],
  'ip6tables-save.txt': ['ip6tables-save', '-c'],
};
/** State of a node besides. */
const NODE_STATE: Readonly<Record<string, readonly string[]>> = {
  'ipvsadm-save.txt': ['ipvsadm', '-Sn'],
  'ipset-save.txt': ['ipset', 'save'],
  'conntrack.txt': ['conntrack', '-L', '-o', 'extended'],
  'sysctl.txt': ['sysctl', '-a', '-r', '^net\\.(bridge|ipv4|ipv6|netfilter)\\.'],
};
/** What else the kernel tells of IPVS; a snapshot has no place for it. */
const DETAILS: Readonly<Record<string, readonly string[]>> = {
  'proc-net-ip_vs.txt': ['cat', '/proc/net/ip_vs'],
  'proc-net-ip_vs_conn.txt': ['cat', '/proc/net/ip_vs_conn'],
  'ipvsadm-Ln-thresholds.txt': ['ipvsadm', '-Ln', '--thresholds'],
  'ipvsadm-Ln-persistent-conn.txt': ['ipvsadm', '-Ln', '--persistent-conn'],
};
/** One process prints several dumps, a line each: a process of the guest costs more than a dump. */
const BATCHES: readonly { readonly options: readonly string[]; readonly dumps: Readonly<Record<string, string>> }[] = [
  {
    options: ['-j'],
    dumps: {
      'ip-address.json': 'address',
      'ip-route.json': 'route show table all',
      'ip-rule.json': 'rule',
      'ip-neigh.json': 'neigh',
    },
  },
  { options: ['-j', '-6'], dumps: { 'ip-route6.json': 'route show table all', 'ip-rule6.json': 'rule' } },
  { options: ['-j', '-d'], dumps: { 'ip-link.json': 'link' } },
];

/** @returns the files of a snapshot that tell of a pod's network namespace, by name */
export async function collectPodFiles(guest: Guest, netns: string): Promise<Files> {
  const files = new Map<string, string>();
  for (const { options, dumps } of BATCHES) {
    const input = `${Object.values(dumps).join('\n')}\n`;
    const lines = (await guest.run(netns, ['ip', ...options, '-batch', '-'], input)).split('\n');
    for (const [at, name] of Object.keys(dumps).entries()) files.set(name, `${lines[at]}\n`);
  }
  files.set('sockets.txt', await guest.run(netns, ['ss', '-lntup']));
  for (const [name, text] of await collect(guest, netns, RULES)) files.set(name, text);
  return files;
}

/** @returns the files of a snapshot that tell of a node's network namespace, by name */
export async function collectNodeFiles(guest: Guest, netns: string): Promise<Files> {
  return new Map([...(await collectPodFiles(guest, netns)), ...(await collect(guest, netns, NODE_STATE))]);
}

/** @returns what the kernel and ipvsadm tell of IPVS beyond a snapshot, by name */
export function collectIpvsDetails(guest: Guest, netns: string): Promise<Files> {
  return collect(guest, netns, DETAILS);
}

async function collect(
  guest: Guest,
  netns: string,
  commands: Readonly<Record<string, readonly string[]>>,
): Promise<Files> {
  const files = new Map<string, string>();
  for (const [name, argv] of Object.entries(commands)) files.set(name, await guest.run(netns, argv));
  return files;
}
