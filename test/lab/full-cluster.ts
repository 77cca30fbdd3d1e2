import type { KubernetesObject } from './control-plane/objects.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { settleCluster } from './cluster-state.ts';
import { istioImageFiles } from './istio/images.ts';
import { installGatewayApi, installIstio } from './istio/install.ts';
import type { Network } from './network.ts';
import { startOutside } from './outside.ts';
import { startNodes } from './node/nodes.ts';
import { progress } from './progress.ts';
import type { LabRecord } from './record.ts';
import { podObject } from './topology/pod-objects.ts';
import { coreDnsObjects, kubeProxyObjects } from './topology/system-objects.ts';
import type { ProxyMode, Topology } from './topology/topology.ts';

interface PodState {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: { readonly phase?: string; readonly conditions?: readonly { type: string; status: string }[] };
}

/** Real nodes: kubelet and containerd, kube-proxy as a DaemonSet, CoreDNS as a Deployment, and the topology's pods. */
export async function furnishFullCluster(
  record: LabRecord,
  control: ControlPlane,
  network: Network,
  topology: Topology,
  mode: ProxyMode,
  tools: 'full' | 'distroless',
): Promise<void> {
  const { api } = control;
  const { istio } = topology;
  if (istio?.gatewayApi === true) await installGatewayApi(record);
  for (const object of [...kubeProxyObjects(mode, control.innerServer, tools), ...coreDnsObjects()])
    await api.apply(object);
  const [objects, ofIstio] = [false, true].map((isIstio) =>
    topology.objects.filter(({ apiVersion }) => /\.istio\.io\//.test(apiVersion) === isIstio),
  ) as [KubernetesObject[], KubernetesObject[]];
  for (const object of objects) await api.apply(object);
  await startOutside(record, network);
  await startNodes(record, control, network, istio === undefined ? [] : await istioImageFiles());
  if (istio !== undefined) await installIstio(record, control, istio);
  for (const object of ofIstio) await api.apply(object);
  progress(`starts ${topology.pods.length} pods`);
  await api.until('the service account of each namespace', 30, async () => {
    const accounts = await api.list('/api/v1/serviceaccounts');
    const named = new Set(accounts.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`));
    return topology.pods.every(({ namespace }) => named.has(`${namespace}/default`));
  });
  await Promise.all(topology.pods.map((spec) => api.apply(podObject(spec))));
  const neverReady = new Set(topology.pods.flatMap(({ name, ready }) => (ready === false ? [name] : [])));
  const expected = topology.pods.length + network.nodes.length + 1;
  await api.until('all pods run', 120, async () => {
    const pods = await api.list<PodState>('/api/v1/pods');
    return pods.length >= expected && pods.every((pod) => runs(pod, !neverReady.has(pod.metadata.name)));
  });
  await settleCluster(api, network, topology, mode);
}

function runs({ status }: PodState, wantsReady: boolean): boolean {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
  return status.phase === 'Running' && (ready || !wantsReady);
}
