import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Programs of the machine that the lab starts or puts into its images, with the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  go: 'golang-go',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  openssl: 'openssl',
  ip: 'iproute2',
  'iptables-nft-save': 'iptables',
  'iptables-legacy-save': 'iptables',
  nft: 'nftables',
  conntrack: 'conntrack',
  ipset: 'ipset',
  sysctl: 'procps',
  curl: 'curl',
  nsenter: 'util-linux',
};

/** Ends the run before the first test when this machine cannot start a lab: a suite that was not run must not look green. */
export default function requireLab(): void {
  const missing = Object.keys(PROGRAMS).filter((program) => spawnSync(program, ['--help']).error !== undefined);
  const problems = [
    ...(process.platform === 'linux' ? [] : ['it needs Linux']),
    ...(process.getuid?.() === 0 ? [] : ['it needs root, for namespaces, mounts and rules']),
    ...(existsSync('/sys/fs/cgroup/memory') ? [] : ['it needs the hierarchies of cgroup v1']),
    ...missing.map((program) => `it needs ${program} (Debian: apt-get install ${PROGRAMS[program]})`),
  ];
  if (problems.length > 0) throw new Error(`the lab was NOT STARTED: ${problems.join('; ')}`);
}
