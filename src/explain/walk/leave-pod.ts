import type { Step } from '../../model/explanation.ts';
import type { Owner } from '../../model/trace.ts';
import { attachment } from '../world/attachment.ts';
import type { World } from '../world/world.ts';
import { addressText } from '../sentences/names.ts';
import { end, on, type Crossing, type Move, type WalkState } from './state.ts';

/**
 * A packet leaves a pod by its interface. It reaches the node, unless the pod hangs on a bridge and the destination is another
 * port of the same bridge: then the frame is bridged and the node's routing never sees it.
 */
export function leavePod(
  world: World,
  state: WalkState,
  owner: Owner & { readonly kind: 'pod' },
  crossing: Crossing,
): readonly Move[] {
  const { pod, cluster } = owner;
  const node = pod.nodeName;
  if (node === null) {
    const reason = `Pod ${pod.namespace}/${pod.name} is on no node yet (spec.nodeName is empty), so nothing carries its packets.`;
    return [end(state, { disposition: 'unroutable', detail: 'ENETUNREACH', reason })];
  }
  const view = world.cluster(cluster);
  const port = attachment(world, cluster, pod);
  const neighbour = view.podAt(crossing.flow.destination);
  const onLink = crossing.basis === 'programmed' && crossing.gateway === null;
  if (onLink && port.bridge !== null && neighbour?.nodeName === node) {
    const other = attachment(world, cluster, neighbour);
    if (other.bridge === port.bridge) {
      const text = `${addressText(view, crossing.flow.destination)} is on the same bridge ${port.bridge}: the frame is bridged`;
      const step: Step = { kind: 'link', action: 'bridged', text, evidence: [...port.evidence, ...other.evidence] };
      return [on(state, { place: { kind: 'bridge', cluster, node, bridge: port.bridge, link: step, to: neighbour } })];
    }
  }
  return [on(state, { place: { kind: 'node', cluster, node, device: port.bridge ?? port.device ?? undefined } })];
}
