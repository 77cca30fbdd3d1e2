import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { goProgram } from '../build/go-modules.ts';
import { CLUSTER, type NodePlace } from '../network.ts';
import type { LabRecord } from '../record.ts';
import type { ProxyMode } from '../topology/topology.ts';

/** Programs of iptables that kube-proxy starts (pkg/util/iptables in its source), which one binary holds under each backend's name. */
const IPTABLES = ['', '-save', '-restore'].flatMap((end) => [`iptables${end}`, `ip6tables${end}`]);

/** Fields of KubeProxyConfiguration that are other than usual. */
export type ProxySettings = Readonly<Record<string, unknown>>;

/** kube-proxy's configuration; `node` undefined: the node's own hostname counts. */
export function proxyConfiguration(
  mode: ProxyMode,
  kubeconfig: string,
  node?: string,
  settings: ProxySettings = {},
): string {
  return JSON.stringify({
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: mode === 'nftables' ? 'nftables' : 'iptables',
    clientConnection: { kubeconfig },
    clusterCIDR: `${CLUSTER.podRange.v4},${CLUSTER.podRange.v6}`,
    detectLocalMode: 'ClusterCIDR',
    ...(node === undefined ? {} : { hostnameOverride: node }),
    bindAddress: '0.0.0.0',
    metricsBindAddress: '127.0.0.1:10249',
    healthzBindAddress: '0.0.0.0:10256',
    // A namespace may not size the machine's conntrack table.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    ...settings,
  });
}

/**
 * Runs kube-proxy as a process in the namespace of each node: for clusters without kubelets.
 * @param modeOf how the kube-proxy of a node programs it
 * @param credentials folder that holds its kubeconfig
 * @param settings of all of them
 */
export async function startProxies(
  record: LabRecord,
  nodes: readonly NodePlace[],
  modeOf: (node: string) => ProxyMode,
  credentials: string,
  settings: ProxySettings = {},
): Promise<void> {
  const program = await goProgram('kube-proxy');
  const folder = join(record.folder, 'kube-proxy');
  for (const { name, netns } of nodes) {
    const mode = modeOf(name);
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    const multi = mode === 'iptables-legacy' ? '/usr/sbin/xtables-legacy-multi' : '/usr/sbin/xtables-nft-multi';
    for (const command of IPTABLES) symlinkSync(multi, join(path, command));
    const config = join(folder, `${name}.json`);
    writeFileSync(config, proxyConfiguration(mode, join(credentials, 'kube-proxy.yaml'), name, settings));
    const env = { PATH: `${path}:/usr/sbin:/usr/bin:/sbin:/bin` };
    record.start({ name: `kube-proxy-${name}`, netns, program, parameters: [`--config=${config}`], env });
  }
}
