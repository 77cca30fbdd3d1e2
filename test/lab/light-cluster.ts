import { join } from 'node:path';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { settleCluster } from './cluster-state.ts';
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
  await startProxies(record, network.nodes, () => mode, join(record.folder, 'control-plane'));
  for (const object of topology.objects) await api.apply(object);
  await Promise.all(podObjectsWithStatus(topology, network.nodes).map((pod) => api.apply(pod)));
  await settleCluster(api, network, topology, mode);
}
