import { spawnSync } from 'node:child_process';

/** Programs that the suites hold our answers against, with the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'iptables-restore': 'iptables',
  nft: 'nftables',
  ip: 'iproute2',
  conntrack: 'conntrack',
  ipset: 'ipset',
  go: 'golang-go',
  dmesg: 'util-linux',
  // The guest kernel with IPVS
  'apt-get': 'apt',
  dpkg: 'dpkg',
};

/** Ends the run before the first test when this machine cannot run them: a suite that was not run must not look green. */
export default function requireKernel(): void {
  const missing = Object.keys(PROGRAMS).filter((program) => spawnSync(program, ['--help']).error !== undefined);
  const problems = [
    ...(process.platform === 'linux' ? [] : ['it needs Linux']),
    ...(process.getuid?.() === 0 ? [] : ['it needs root, for network namespaces and rules']),
    ...missing.map((program) => `it needs ${program} (Debian: apt-get install ${PROGRAMS[program]})`),
  ];
  if (problems.length > 0) throw new Error(`the conformance suites were NOT RUN: ${problems.join('; ')}`);
}
