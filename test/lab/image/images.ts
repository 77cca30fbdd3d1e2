import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { agentProgram, goProgram } from '../build/go-modules.ts';
import { AGENT_IMAGE } from '../topology/pod-objects.ts';
import { imageFile, type Image } from './image.ts';

export const PAUSE_IMAGE = 'lab.test/pause:1';
export const COREDNS_IMAGE = 'lab.test/coredns:1';
/** What a person debugs with. */
export const TOOLS_IMAGE = 'lab.test/tools:1';
/** kube-proxy with more tools than the release's image has: whatever a snapshot of a node needs. */
export const KUBE_PROXY_IMAGE = 'lab.test/kube-proxy:full';
/**
 * kube-proxy with what the release's image has and no more. Its base is registry.k8s.io/build-image/distroless-iptables (kubernetes/release,
 * images/build/distroless-iptables, the variant on Debian 13): the packages iptables, ipset and kmod, an nft that is built without
 * JSON, and dash, cat, chmod, grep, ln, rm, sleep and wc for the script that picks a backend of iptables. Neither ip, ss, sysctl,
 * conntrack nor curl is in it.
 */
export const KUBE_PROXY_DISTROLESS_IMAGE = 'lab.test/kube-proxy:distroless';

const SHELL = ['dash', 'cat', 'chmod', 'grep', 'ln', 'rm', 'sleep', 'wc'];
const NETFILTER = ['xtables-nft-multi', 'xtables-legacy-multi', 'ipset'];
const MORE = ['nft', 'conntrack', 'ip', 'ss', 'sysctl', 'curl', 'nsenter', 'bash'];
const USUAL = [
  'ls',
  'head',
  'tail',
  'env',
  'id',
  'hostname',
  'uname',
  'timeout',
  'true',
  'stty',
  'tr',
  'ps',
  'chroot',
  'mount',
];
const ENDS = ['', '-save', '-restore'];
/** Each backend under its own name, and iptables-nft under the plain ones; a folder holds the plain names of the legacy backend. */
export const IPTABLES_LINKS = Object.fromEntries(
  ['iptables', 'ip6tables'].flatMap((family) =>
    ENDS.flatMap((end) => [
      [`usr/sbin/${family}${end}`, 'xtables-nft-multi'],
      [`usr/sbin/${family}-nft${end}`, 'xtables-nft-multi'],
      [`usr/sbin/${family}-legacy${end}`, 'xtables-legacy-multi'],
      [`usr/legacy/${family}${end}`, '../sbin/xtables-legacy-multi'],
    ]),
  ),
);
/** What nft prints that was built without libjansson (nftables, src/main.c). */
const NFT_WITHOUT_JSON = `#!/bin/sh
for word in "$@"; do
  case $word in -j*|--json) echo "JSON support not compiled-in" >&2; exit 1;; esac
done
exec /usr/libexec/nft "$@"
`;

/** Files of the images that the nodes of every lab run from. */
export async function imageFiles(): Promise<string[]> {
  const [agent, coredns, kubeProxy] = await Promise.all([
    agentProgram(),
    goProgram('coredns'),
    goProgram('kube-proxy'),
  ]);
  const full = {
    programs: programs([...SHELL, ...NETFILTER, ...MORE, ...USUAL]),
    files: plugins(),
    links: { 'usr/bin/sh': 'dash', ...IPTABLES_LINKS },
  };
  const withAgent = { ...full, programs: { ...full.programs, agent } };
  const images: Image[] = [
    { name: PAUSE_IMAGE, entrypoint: ['/agent', 'pause'], programs: { agent } },
    { name: AGENT_IMAGE, entrypoint: ['/agent'], programs: { agent } },
    { name: COREDNS_IMAGE, entrypoint: ['/coredns'], programs: { coredns } },
    { ...withAgent, name: TOOLS_IMAGE, entrypoint: ['/bin/sh'] },
    {
      ...full,
      name: KUBE_PROXY_IMAGE,
      entrypoint: ['/usr/local/bin/kube-proxy'],
      programs: { ...full.programs, 'usr/local/bin/kube-proxy': kubeProxy },
    },
    {
      name: KUBE_PROXY_DISTROLESS_IMAGE,
      entrypoint: ['/usr/local/bin/kube-proxy'],
      programs: {
        ...programs([...SHELL, ...NETFILTER]),
        'usr/libexec/nft': located('nft'),
        'usr/local/bin/kube-proxy': kubeProxy,
      },
      files: plugins(),
      links: full.links,
      scripts: { 'usr/sbin/nft': NFT_WITHOUT_JSON },
    },
  ];
  return Promise.all(images.map(imageFile));
}

/** Programs of this machine, each at the path that it has here. */
export function programs(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const path = located(name);
      return [path.slice(1), path];
    }),
  );
}

function located(name: string): string {
  const folder = ['/usr/sbin', '/usr/bin'].find((each) => existsSync(join(each, name)));
  if (folder === undefined) throw new Error(`the lab needs the program ${name} on this machine`);
  return join(folder, name);
}

/** Matches and targets of iptables, each a library that it loads, and names of protocols. */
export function plugins(): string[] {
  const folder = readdirSync('/usr/lib')
    .map((name) => join('/usr/lib', name, 'xtables'))
    .find((path) => existsSync(path));
  if (folder === undefined) throw new Error('the lab needs the plugins of iptables (Debian: apt-get install iptables)');
  const libraries = readdirSync(folder).flatMap((file) => (file.endsWith('.so') ? [join(folder, file)] : []));
  return [...libraries, '/etc/protocols', '/etc/services'];
}
