import { join } from 'node:path';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { endpointsAreWritten, nodeIsProgrammed } from './cluster-state.ts';
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
  await endpointsAreWritten(api, topology);
  progress(`waits for kube-proxy (${mode})`);
  for (const { netns, name } of network.nodes) {
    await api.until(`kube-proxy on ${name} programs every Service`, 60, nodeIsProgrammed(netns, mode, topology));
  }
}
