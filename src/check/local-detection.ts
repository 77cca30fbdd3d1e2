import { contains, parseAddress, parsePrefix } from '../model/address.ts';
import { finding, objectsOf, type Check } from './check.ts';
import { nodeVisits } from './nodes-met.ts';

/**
 * K14: kube-proxy tells its pods' packets by their source. A pod outside the range is taken for a stranger: its connections are
 * masqueraded, and policies for the outside hold for it. Source: pkg/proxy/util/localdetector.go; server_linux.go, getLocalDetectors.
 */
export const localDetectionCheck: Check = {
  code: 'KR215',
  run: (context) =>
    nodeVisits(context).flatMap(({ node, facts, flow, from }) => {
      const config = facts.kubeProxy().value;
      const own = objectsOf(context)?.nodes.find((one) => one.name === node);
      if (from !== 'wire' || config?.captured !== true || own === undefined) return [];
      const texts =
        config.detectLocalMode === 'ClusterCIDR'
          ? config.clusterCIDRs
          : config.detectLocalMode === 'NodeCIDR'
            ? own.podCIDRs
            : [];
      const range = texts.flatMap((text) => parsePrefix(text) ?? []).find((one) => one.family === flow.family);
      const source = parseAddress(flow.source);
      const pod = (objectsOf(context)?.podsHaving(flow.source) ?? []).find(
        (one) => !one.hostNetwork && one.nodeName === node && one.ips.includes(flow.source),
      );
      if (range === undefined || source === undefined || pod === undefined || contains(range, source)) return [];
      return [
        finding('KR215', {
          subject: `node ${node}`,
          cause: `kube-proxy there takes ${texts.join(', ')} for its pods (detectLocalMode ${config.detectLocalMode}), but pod ${pod.namespace}/${pod.name} has ${flow.source}.`,
          remedy: 'Set clusterCIDR of kube-proxy to the ranges that pods really get, or another detectLocalMode.',
          evidence: [...config.evidence, pod.cursor.at('status', 'podIPs').evidence()],
        }),
      ];
    }),
};
