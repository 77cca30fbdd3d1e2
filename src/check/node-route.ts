import { formatEndpoint } from '../model/address.ts';
import { finding, objectsOf, type Check } from './check.ts';
import { nodeVisits } from './nodes-met.ts';

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
        const gateway = route?.gateway ?? null;
        if (verdict !== 'forward' || gateway === null || encapsulation !== undefined) return [];
        const objects = objectsOf(context);
        const pod = objects
          ?.podsHaving(flow.destination)
          .find((one) => !one.hostNetwork && one.ips.includes(flow.destination));
        const nodes = objects?.nodes ?? [];
        const next = nodes.find((one) => one.addresses.some(({ address }) => address === gateway));
        if (pod === undefined || pod.nodeName === null || next === undefined || next.name === pod.nodeName) return [];
        return [
          finding('KR220', {
            subject: `node ${node}`,
            cause: `Node ${node} sends packets for ${to} to ${gateway}, which is node ${next.name}, but the pod runs on ${pod.nodeName}.`,
            remedy: `Correct the route on ${node}: its next hop has to be ${pod.nodeName}.`,
            evidence: [...(route?.evidence ?? []), pod.cursor.at('spec', 'nodeName').evidence()],
          }),
        ];
      }),
    ),
};

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
