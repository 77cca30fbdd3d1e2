import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome } from '../../model/kube-proxy.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { detectLocal, isLocalAddress, nodeIP } from './node.ts';
import { hairpin } from './hairpin.ts';
import { balance, pass, refuse, undetermined, type Met } from './outcome.ts';
import { inRanges } from './service-port.ts';
import { endpointsOn, type CategorizedEndpoints } from './topology.ts';

/** A Service port in iptables and nftables mode (syncProxyRules of iptables/proxier.go and nftables/proxier.go). */
export function evaluateRules(input: KubeProxyInput, flow: Flow, met: Met): IntendedOutcome[] {
  const { node, index } = input;
  const { proxied } = met;
  const { chosen } = endpointsOn(node, proxied, index.slices(proxied.service));
  return met.kind === 'clusterIP' ? internal(input, flow, met, chosen) : external(input, flow, met, chosen);
}

/** Traffic to the cluster IP: internalTrafficPolicy, and masquerade for clients that are no local pods. */
function internal(input: KubeProxyInput, flow: Flow, met: Met, chosen: CategorizedEndpoints): IntendedOutcome[] {
  const { config, node, mode } = input;
  const policyLocal = met.proxied.internalPolicyLocal;
  const endpoints = policyLocal ? chosen.local : chosen.cluster;
  const seen = policyLocal
    ? withPolicy(met, 'internalTrafficPolicy', chosen.localReasons)
    : add(met, chosen.clusterReasons);
  if (endpoints.length === 0) {
    // iptables: filter KUBE-SERVICES hangs on forward and output alone
    const notChecked = mode === 'iptables' && flow.inInterface !== null && isLocalAddress(node, flow.destination);
    if (notChecked)
      return pass(
        [...seen.reasons, 'no usable endpoint; iptables mode does not refuse it at a local address'],
        seen.evidence,
        seen,
      );
    return noEndpoints(input, seen, chosen, policyLocal);
  }
  const client = detectLocal(node, config, flow);
  const open = client === 'unknown' || client === 'remote-or-off';
  const masquerade = config.masqueradeAll || (open ? null : client === 'remote');
  const why = config.masqueradeAll
    ? ['masqueradeAll is set']
    : client === 'remote'
      ? [`${flow.source} is no local pod (${config.detectLocalMode}): its address is masqueraded`]
      : [];
  return balance(input, add(seen, why), flow, endpoints, {
    choice: null,
    masquerade: (endpoint) => hairpin(input, flow, endpoint) || masquerade,
  });
}

/** Traffic to a node port, external IP or load balancer address: source ranges, externalTrafficPolicy and its short cuts. */
function external(input: KubeProxyInput, flow: Flow, met: Met, chosen: CategorizedEndpoints): IntendedOutcome[] {
  const { config, node, mode } = input;
  const { proxied } = met;
  const guarded = met.kind === 'loadBalancerIP' && proxied.sourceRanges.length > 0;
  // iptables makes the firewall chain only for a Service with endpoints, nftables always
  if (guarded && (chosen.any || mode === 'nftables') && !mayEnter(input, flow, met)) {
    const ranges = proxied.service.cursor.at('spec', 'loadBalancerSourceRanges').evidence();
    return refuse('drop', `${flow.source} is in none of the loadBalancerSourceRanges`, met, [ranges]);
  }
  const made = flow.inInterface === null;
  if (!chosen.any) {
    // iptables: filter KUBE-EXTERNAL-SERVICES hangs on input and forward alone
    const notChecked = mode === 'iptables' && made && !isLocalAddress(node, flow.destination);
    if (notChecked)
      return pass(
        [...met.reasons, 'no endpoint; iptables mode does not refuse what the node itself sends'],
        met.evidence,
        met,
      );
    return noEndpoints(input, met, chosen, false);
  }
  if (!proxied.externalPolicyLocal) {
    const seen = add(met, [
      ...chosen.clusterReasons,
      'externalTrafficPolicy is Cluster: the client address is masqueraded',
    ]);
    return balance(input, seen, flow, chosen.cluster, { choice: null, masquerade: () => true });
  }
  const policy = withPolicy(met, 'externalTrafficPolicy', []);
  const client = detectLocal(node, config, flow);
  if (client === 'unknown') return unknownClient(input, flow, policy);
  if (client === 'local') {
    const seen = add(policy, [
      ...chosen.clusterReasons,
      `${flow.source} is a local pod (${config.detectLocalMode}): all endpoints are used`,
    ]);
    return balance(input, seen, flow, chosen.cluster, {
      choice: null,
      masquerade: (endpoint) => hairpin(input, flow, endpoint),
    });
  }
  if (made || isLocalAddress(node, flow.source)) {
    const seen = add(policy, [
      ...chosen.clusterReasons,
      'the node itself is the client: all endpoints are used, with its address masqueraded',
    ]);
    return balance(input, seen, flow, chosen.cluster, { choice: null, masquerade: () => true });
  }
  if (chosen.local.length === 0) return refuse('drop', `no endpoint on node ${node.name}`, policy);
  return balance(input, add(policy, chosen.localReasons), flow, chosen.local, {
    choice: null,
    masquerade: (endpoint) => hairpin(input, flow, endpoint),
  });
}

function noEndpoints(
  input: KubeProxyInput,
  met: Met,
  chosen: CategorizedEndpoints,
  policyLocal: boolean,
): IntendedOutcome[] {
  if (policyLocal && chosen.any) return refuse('drop', `no endpoint on node ${input.node.name}`, met);
  return refuse('reject', 'no usable endpoint', met, slicePorts(input, met));
}

/**
 * A node port at an address of the node where node ports do not answer (nodePortAddresses, loopback). iptables mode refuses or
 * drops there too what has no endpoint: those rules match every local address.
 */
export function otherNodeAddress(input: KubeProxyInput, flow: Flow): IntendedOutcome[] | undefined {
  const { index, node } = input;
  const proxied = index.nodePorts(flow.destinationPort, flow.protocol).find((one) => one.family === flow.family);
  if (proxied === undefined) return undefined;
  const { chosen } = endpointsOn(node, proxied, index.slices(proxied.service));
  const met: Met = { proxied, kind: 'nodePort', reasons: [], evidence: [proxied.port.cursor.evidence()] };
  if (!chosen.any) return noEndpoints(input, met, chosen, false);
  return proxied.externalPolicyLocal && chosen.local.length === 0 ? noEndpoints(input, met, chosen, true) : undefined;
}

/** The slices' ports are what a Service port without endpoints usually fails to find. */
function slicePorts(input: KubeProxyInput, met: Met) {
  return input.index.slices(met.proxied.service).map((slice) => slice.cursor.at('ports').evidence());
}

/** externalTrafficPolicy Local treats local pods apart, and the incoming interface that would tell is not known. */
function unknownClient(input: KubeProxyInput, flow: Flow, met: Met): IntendedOutcome[] {
  return undetermined(
    `whether ${flow.source} is a local pod depends on its incoming interface (detectLocalMode ${input.config.detectLocalMode})`,
    met,
  );
}

/**
 * loadBalancerSourceRanges. When they hold the node's own IP, packets from the load balancer address itself may enter too: a node
 * that has that address as its own sends with it.
 */
export function mayEnter(input: KubeProxyInput, flow: Flow, { proxied }: Met): boolean {
  if (inRanges(proxied.sourceRanges, flow.source)) return true;
  const nodeMayEnter = inRanges(proxied.sourceRanges, nodeIP(input.node, proxied.family));
  return nodeMayEnter && proxied.loadBalancerVIPs.includes(flow.source);
}

export function add(met: Met, reasons: readonly string[]): Met {
  if (reasons.length === 0) return met;
  return {
    proxied: met.proxied,
    kind: met.kind,
    reasons: [...met.reasons, ...reasons],
    get evidence() {
      return met.evidence;
    },
  };
}

export function withPolicy(
  met: Met,
  field: 'internalTrafficPolicy' | 'externalTrafficPolicy',
  reasons: readonly string[],
): Met {
  return {
    proxied: met.proxied,
    kind: met.kind,
    reasons: [...met.reasons, `${field} is Local`, ...reasons],
    get evidence() {
      return [...met.evidence, met.proxied.service.cursor.at('spec', field).evidence()];
    },
  };
}
