import { formatEndpoint } from '../model/address.ts';
import { finding, objectsOf, type Check, type CheckContext } from './check.ts';
import { nodeAt, nodeVisits } from './nodes-met.ts';

/** K29, K31, K36: the node's routes do not take the packet to the node that the pod runs on, or nowhere at all. */
export const nodeRouteCheck: Check = {
  code: 'KR220',
  run: (context) =>
    nodeVisits(context).flatMap(({ node, programmed }) =>
      (programmed ?? []).flatMap(({ verdict, flow, route, encapsulation }) => {
        const to = formatEndpoint(flow.destination, null);
        if (verdict === 'unroutable') {
          return [
            finding('KR220', {
              subject: `node ${node}`,
              cause: `Node ${node} does not route the packet to ${to}: ${route?.reason ?? `its route says ${route?.kind ?? 'no'}`}.`,
              remedy: `Give ${node} a route to ${to} (the CNI plugin or cloud controller should), or correct the one that refuses it.`,
              evidence: route?.evidence ?? [],
            }),
          ];
        }
        if (verdict !== 'forward' || encapsulation !== undefined) return [];
        const pod = objectsOf(context)
          ?.podsHaving(flow.destination)
          .find((one) => !one.hostNetwork && one.ips.includes(flow.destination));
        const gateway = route?.gateway ?? null;
        const next = nodeAt(context, gateway);
        if (pod === undefined || pod.nodeName === null || next === null || next === pod.nodeName) return [];
        if (mayReach(context, next, { address: flow.destination, home: pod.nodeName }, [node])) return [];
        return [
          finding('KR220', {
            subject: `node ${node}`,
            cause: `Node ${node} sends packets for ${to} to ${gateway}, which is node ${next}, but the pod runs on ${pod.nodeName}, and ${next} does not send them on to it.`,
            remedy: `Correct the route on ${node}: its next hop has to be ${pod.nodeName}.`,
            evidence: [...(route?.evidence ?? []), pod.cursor.at('spec', 'nodeName').evidence()],
          }),
        ];
      }),
    ),
};

/**
 * Whether packets for a pod that come to `node` may get to the pod's own node from there: a node may well route for others. Where its
 * routes were not captured, or lead past the nodes, nobody knows that they do not.
 * @param passed the nodes that they came through: where one of them comes next, they run in a circle
 */
function mayReach(
  context: CheckContext,
  node: string,
  pod: { readonly address: string; readonly home: string },
  passed: readonly string[],
): boolean {
  const visit = nodeVisits(context).find((one) => one.node === node && one.flow.destination === pod.address);
  if (visit?.programmed === null || visit === undefined) return true;
  return visit.programmed.some(({ verdict, route }) => {
    if (verdict !== 'forward') return verdict === 'undetermined';
    const next = nodeAt(context, route?.gateway ?? null);
    if (next === null || next === pod.home) return true;
    return next !== node && !passed.includes(next) && mayReach(context, next, pod, [...passed, node]);
  });
}

/** K33: a packet of the pod's size does not fit the device behind; where "fragmentation needed" is lost on the way, large ones vanish. */
export const linkSizeCheck: Check = {
  code: 'KR223',
  run: (context) => {
    const { source } = context.trace.question;
    if (source.kind !== 'pod' || source.pod.hostNetwork) return [];
    const { pod } = source;
    const own = (context.cluster.pod(pod.namespace, pod.name).netns.links().value ?? []).find(
      (link) => link.up && !link.loopback,
    );
    if (own === undefined || own.mtu === null) return [];
    const { mtu } = own;
    return nodeVisits(context).flatMap(({ node, facts, flow, programmed }) =>
      (programmed ?? []).flatMap(({ verdict, route }) => {
        if (verdict !== 'forward' || node !== pod.nodeName || !pod.ips.includes(flow.source)) return [];
        const device = (facts.netns.links().value ?? []).find((link) => link.name === route?.device);
        if (device === undefined || device.mtu === null || device.mtu >= mtu) return [];
        return [
          finding('KR223', {
            subject: `pod ${pod.namespace}/${pod.name}`,
            cause: `Its interface ${own.name} has an MTU of ${mtu}, but packets leave node ${node} by ${device.name} with ${device.mtu}: small ones pass, large ones may hang.`,
            remedy: `Set the MTU of the CNI plugin to at most ${device.mtu}, and let ICMP "fragmentation needed" pass.`,
            evidence: [own.evidence, device.evidence],
          }),
        ];
      }),
    );
  },
};
