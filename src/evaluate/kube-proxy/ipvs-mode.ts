import type { Condition } from '../../model/branching.ts';
import { formatEndpoint } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome } from '../../model/kube-proxy.ts';
import type { ProxiedEndpoint } from './endpoints.ts';
import { hairpin } from './hairpin.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { detectLocal, nodeIP } from './node.ts';
import { balance, refuse, type Met } from './outcome.ts';
import { add, mayEnter, withPolicy } from './rules-modes.ts';
import { inRanges } from './service-port.ts';
import { endpointsOn } from './topology.ts';

/**
 * A Service port in IPVS mode (ipvs/proxier.go, syncProxyRules and syncEndpoint). Differs from the other modes: a policy Local
 * without local endpoint falls back to all; local pods and the node get no short cut past it; a virtual server without real server
 * refuses; which endpoint is picked depends on the scheduler.
 */
export function evaluateIpvs(input: KubeProxyInput, flow: Flow, met: Met): IntendedOutcome[] {
  const { index, node } = input;
  const { proxied, kind } = met;
  if (kind === 'loadBalancerIP' && proxied.sourceRanges.length > 0 && !mayPass(input, flow, met)) {
    const ranges = proxied.service.cursor.at('spec', 'loadBalancerSourceRanges').evidence();
    return refuse('drop', `${flow.source} is in none of the loadBalancerSourceRanges`, met, [ranges]);
  }
  const { chosen } = endpointsOn(node, proxied, index.slices(proxied.service));
  const policyLocal = kind === 'clusterIP' ? proxied.internalPolicyLocal : proxied.externalPolicyLocal;
  const useLocal = policyLocal && chosen.local.length > 0;
  const endpoints = useLocal ? chosen.local : chosen.cluster;
  const policy = policyLocal
    ? withPolicy(
        met,
        kind === 'clusterIP' ? 'internalTrafficPolicy' : 'externalTrafficPolicy',
        useLocal ? chosen.localReasons : [],
      )
    : met;
  const fallback =
    policyLocal && !useLocal && endpoints.length > 0 ? ['no endpoint on this node: IPVS mode uses all'] : [];
  const seen = add(policy, useLocal ? [] : [...fallback, ...chosen.clusterReasons]);
  if (endpoints.length === 0)
    return refuse('reject', 'no usable endpoint: the virtual server has no real server', seen);
  const masquerade = masquerades(input, flow, met);
  return balance(input, seen, flow, endpoints, {
    choice: scheduled(input, flow),
    masquerade: (endpoint) => hairpin(input, flow, endpoint) || masquerade,
  });
}

/**
 * KUBE-PROXY-FIREWALL hangs on input and forward; what the node itself sends meets KUBE-IPVS-OUT-FILTER instead, which drops
 * packets with the load balancer address as source when the node's IP is in none of the ranges.
 */
function mayPass(input: KubeProxyInput, flow: Flow, met: Met): boolean {
  if (flow.inInterface !== null) return mayEnter(input, flow, met);
  return flow.source !== flow.destination || inRanges(met.proxied.sourceRanges, nodeIP(input.node, met.proxied.family));
}

/** The ipsets that lead to KUBE-MARK-MASQ (writeIptablesRules). */
function masquerades(input: KubeProxyInput, flow: Flow, { kind, proxied }: Met): boolean | null {
  if (kind !== 'clusterIP') return !proxied.externalPolicyLocal;
  if (input.config.masqueradeAll) return true;
  const client = detectLocal(input.node, input.config, flow);
  if (client === 'unknown' || client === 'remote-or-off') return null;
  // without a detector only a node that sends from a Service address is masqueraded
  return client === 'off' ? input.index.clusterIP(flow.source) !== undefined : client === 'remote';
}

/** rr and wrr take equal turns (all weights are 1); the others pick by a hash or by the connections that the kernel counts. */
function scheduled(input: KubeProxyInput, flow: Flow): ((endpoint: ProxiedEndpoint) => Condition) | null {
  const scheduler = input.config.ipvsScheduler || 'rr';
  if (scheduler === 'rr' || scheduler === 'wrr') return null;
  const server = formatEndpoint(flow.destination, flow.destinationPort);
  return (endpoint) => ({
    key: `ipvs:${server}:${flow.source}`,
    value: endpoint.text,
    subject: { kind: 'real-server', scheduler, service: `${flow.protocol} ${server}` },
  });
}
