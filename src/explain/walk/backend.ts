import type { Backend } from '../../model/explanation.ts';
import type { Flow } from '../../model/flow.ts';
import type { Owner } from '../../model/trace.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/**
 * The machine that a flow's destination names, as far as the snapshot knows it.
 * @param owner whose namespace took the packet, when that is known: a virtual address may stand on several machines
 */
export function backendAt(view: ClusterView, flow: Flow, owner?: Owner): Backend {
  const pod = owner?.kind === 'pod' && !owner.pod.hostNetwork ? owner.pod : view.podAt(flow.destination);
  const node = owner?.kind === 'node' ? owner.node : (pod?.nodeName ?? view.nodeAt(flow.destination) ?? null);
  const name = pod === undefined ? hostNetworkPod(view, flow, node) : `${pod.namespace}/${pod.name}`;
  return { pod: name, node, ip: flow.destination, port: flow.destinationPort };
}

/** The hostNetwork pod on the node that declares the port, when exactly one does. */
function hostNetworkPod(view: ClusterView, flow: Flow, node: string | null): string | null {
  if (node === null) return null;
  const pods = view
    .podsOn(node)
    .filter(
      (pod) =>
        pod.hostNetwork &&
        pod.containers.some((container) => container.ports.some((port) => port.containerPort === flow.destinationPort)),
    );
  const [only, second] = pods;
  return only === undefined || second !== undefined ? null : `${only.namespace}/${only.name}`;
}
