import { join } from 'node:path';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { attempt } from './execute.ts';
import type { Network } from './network.ts';
import { startProxies } from './node/kube-proxy.ts';
import { progress } from './progress.ts';
import type { LabRecord } from './record.ts';
import { nodeObject, podObjectsWithStatus } from './topology/pod-objects.ts';
import type { ProxyMode, Topology } from './topology/topology.ts';

/**
 * Nodes and pods as objects alone, with a real kube-proxy in the namespace of each node. Pods do not run: nothing answers behind the
 * rules.
 */
export async function furnishLightCluster(
  record: LabRecord,
  control: ControlPlane,
  network: Network,
  topology: Topology,
  mode: ProxyMode,
): Promise<void> {
  const { api } = control;
  progress(`puts ${topology.pods.length} pods and ${topology.objects.length} other objects`);
  for (const [at, node] of network.nodes.entries()) await api.apply(nodeObject(node, at));
  await startProxies(record, network.nodes, mode, join(record.folder, 'control-plane'));
  for (const object of topology.objects) await api.apply(object);
  await Promise.all(podObjectsWithStatus(topology, network.nodes).map((pod) => api.apply(pod)));
  const leaving = topology.pods.filter(({ terminating }) => terminating === true);
  for (const { name, namespace } of leaving) await api.call('DELETE', `/api/v1/namespaces/${namespace}/pods/${name}`);
  await endpointsAreWritten(control, topology);
  progress(`waits for kube-proxy (${mode})`);
  for (const { netns, name } of network.nodes) {
    await api.until(`kube-proxy on ${name} programs every Service`, 60, () => isProgrammed(netns, mode, topology));
  }
}

/** Every Service with a selector has a slice that names each of its pods. */
async function endpointsAreWritten({ api }: ControlPlane, topology: Topology): Promise<void> {
  const wanted = new Set(topology.pods.flatMap(({ labels }) => (labels?.['app'] === undefined ? [] : [labels['app']])));
  await api.until('EndpointSlices of all pods', 30, async () => {
    const slices = await api.list<{ endpoints?: { targetRef?: { name: string } }[] | null }>(
      '/apis/discovery.k8s.io/v1/endpointslices',
    );
    const named = new Set(slices.flatMap(({ endpoints }) => endpoints?.map(({ targetRef }) => targetRef?.name)));
    return topology.pods.every(({ name, labels }) => !wanted.has(labels?.['app'] ?? '') || named.has(name));
  });
}

/** kube-proxy has written the rules of the last Service of the topology that has an address. */
async function isProgrammed(netns: string, mode: ProxyMode, topology: Topology): Promise<boolean> {
  const dump =
    mode === 'nftables'
      ? await attempt('nft', ['list', 'ruleset'], { netns })
      : await attempt(mode === 'iptables' ? 'iptables-nft-save' : 'iptables-legacy-save', [], { netns });
  const rules = dump.stdout.toString();
  const addresses = topology.objects.flatMap(({ spec }) => {
    const address = (spec as { clusterIP?: string } | undefined)?.clusterIP;
    return address === undefined || !address.startsWith('10.') ? [] : [address];
  });
  return addresses.every((address) => rules.includes(address));
}
