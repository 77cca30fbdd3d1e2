/**
 * In: the Services and EndpointSlices of a cluster, a node with its kube-proxy configuration and mode, and the first packet of a
 * connection as this node sees it. Out: what the API objects ask the node to do with it. Must not look at what the node has.
 *
 * Rules: pkg/proxy of Kubernetes 1.36 (iptables/proxier.go, nftables/proxier.go, ipvs/proxier.go). Feature gates at their defaults.
 */
import { contains, parseAddress, parsePrefix } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome, KubeProxyMode } from '../../model/kube-proxy.ts';
import { evaluateIpvs } from './ipvs-mode.ts';
import type { KubeProxyInput } from './kube-proxy-input.ts';
import { acceptsNodePorts, isLocalAddress } from './node.ts';
import { pass, refuse, undetermined, type Met } from './outcome.ts';
import { evaluateRules, otherNodeAddress } from './rules-modes.ts';
import type { Claim } from './service-index.ts';
import { portName } from './service-port.ts';

/**
 * What the API objects ask of the node for the first packet of a connection: one branch for each endpoint that may be picked, or
 * the single end. `flow` is the packet as the node's prerouting hook sees it, or its output hook when `inInterface` is null.
 */
export function evaluateKubeProxy(input: KubeProxyInput, flow: Flow): readonly IntendedOutcome[] {
  if (input.mode === 'userspace') return undetermined('userspace mode is not evaluated from API objects', null);
  const outcomes = asked(input, flow);
  return outcomes.map((one) => (one.action === 'dnat' ? one : guardLocalhost(input, flow, one)));
}

function asked(input: KubeProxyInput, flow: Flow): readonly IntendedOutcome[] {
  const claims = input.index.claims(flow.destination, flow.destinationPort, flow.protocol);
  const found = claims.length > 0 ? claimed(claims, input.mode) : nodePort(input, flow);
  if (found === undefined) return unclaimed(input, flow);
  if (found === 'ambiguous') return ambiguous(claims, input, flow);
  const unread = notUnderstood(input, found);
  if (unread !== undefined) return undetermined(unread, found);
  return input.mode === 'ipvs' ? evaluateIpvs(input, flow, found) : evaluateRules(input, flow, found);
}

/**
 * With node ports on localhost kube-proxy sets route_localnet, and drops what others then could send to 127.0.0.0/8, unless it was
 * translated: chain KUBE-FIREWALL in input and output (iptables/proxier.go; https://issue.k8s.io/90259).
 */
function guardLocalhost(input: KubeProxyInput, flow: Flow, outcome: IntendedOutcome): IntendedOutcome {
  const guards = input.mode === 'iptables' && acceptsNodePorts(input.node, input.config, 'iptables', '127.0.0.1');
  const stranger = flow.destination.startsWith('127.') && !flow.source.startsWith('127.');
  if (!guards || !stranger) return outcome;
  const { unknown: _, ...known } = outcome;
  const reason = `${flow.source} may not send to ${flow.destination}: localhostNodePorts comes with a rule against it`;
  return { ...known, action: 'drop', reasons: [...outcome.reasons, reason] };
}

/**
 * The claim that counts. One Service port may have an address twice, as external IP and from its load balancer: iptables' rule for
 * the external IP comes first, while in nftables and IPVS mode the source ranges of the load balancer address are checked anyway.
 */
function claimed(claims: readonly Claim[], mode: KubeProxyMode): Met | 'ambiguous' {
  const [first] = claims;
  if (first === undefined || claims.some((one) => one.proxied !== first.proxied)) return 'ambiguous';
  const counts = mode === 'iptables' ? first : (claims.at(-1) ?? first);
  return met(counts);
}

/** A Service port met at one of its addresses, with nothing decided yet. */
function met(claim: { readonly proxied: Claim['proxied']; readonly kind: Met['kind'] }): Met {
  const { service, port } = claim.proxied;
  return {
    proxied: claim.proxied,
    kind: claim.kind,
    reasons: [`${KIND[claim.kind]} of Service ${portName(service, port)}`],
    get evidence() {
      return [port.cursor.evidence()];
    },
  };
}

const KIND = {
  clusterIP: 'cluster IP',
  externalIP: 'external IP',
  loadBalancerIP: 'load balancer address',
  nodePort: 'node port',
} as const;

function nodePort(input: KubeProxyInput, flow: Flow): Met | 'ambiguous' | undefined {
  if (!isLocalAddress(input.node, flow.destination)) return undefined;
  const ports = input.index.nodePorts(flow.destinationPort, flow.protocol).filter((one) => one.family === flow.family);
  const [first] = ports;
  if (first === undefined) return undefined;
  if (!acceptsNodePorts(input.node, input.config, input.mode, flow.destination)) return undefined;
  if (input.mode === 'ipvs' && isVirtual(input, flow.destination)) return undefined;
  return ports.length > 1 ? 'ambiguous' : met({ proxied: first, kind: 'nodePort' });
}

/** In IPVS mode Service addresses stand on the device kube-ipvs0, where NodePorts do not answer. */
function isVirtual({ index, node }: KubeProxyInput, address: string): boolean {
  if (node.nodeIPs.includes(address)) return false;
  return index.clusterIP(address) !== undefined || index.externalAddress(address) !== undefined;
}

/** Two Services with one address and port: kube-proxy programs them in the random order of a Go map. */
function ambiguous(claims: readonly Claim[], input: KubeProxyInput, flow: Flow): IntendedOutcome[] {
  const all =
    claims.length > 0 ? claims.map((one) => one.proxied) : input.index.nodePorts(flow.destinationPort, flow.protocol);
  const names = [...new Set(all.map((one) => portName(one.service, one.port)))].toSorted().join(', ');
  const evidence = all.map((one) => one.port.cursor.evidence());
  return undetermined(
    `several Services claim this address and port: ${names}; which one the node takes is not defined`,
    null,
    evidence,
  );
}

/** What of the Service or its slices is not known. */
function notUnderstood({ index }: KubeProxyInput, { proxied: { service } }: Met): string | undefined {
  const [ofService] = service.notUnderstood;
  if (ofService !== undefined) return `Service ${service.namespace}/${service.name}: ${ofService}`;
  if (!index.knowsSlices(service)) {
    return `the EndpointSlices of Service ${service.namespace}/${service.name} were not captured`;
  }
  for (const slice of index.slices(service)) {
    const [ofSlice] = slice.notUnderstood;
    if (ofSlice !== undefined) return `EndpointSlice ${slice.namespace}/${slice.name}: ${ofSlice}`;
  }
  return undefined;
}

/** No Service port has this address and port. */
function unclaimed(input: KubeProxyInput, flow: Flow): IntendedOutcome[] {
  const { index, node, mode } = input;
  const local = isLocalAddress(node, flow.destination);
  const health = flow.protocol === 'tcp' && local ? index.healthCheckNodePort(flow.destinationPort) : undefined;
  if (health !== undefined) {
    const evidence = health.cursor.at('spec', 'healthCheckNodePort').evidence();
    return pass(
      [`health check node port of Service ${health.namespace}/${health.name}: kube-proxy itself answers`],
      [evidence],
    );
  }
  const refusedHere = mode === 'iptables' && local ? otherNodeAddress(input, flow) : undefined;
  if (refusedHere !== undefined) return refusedHere;
  const service =
    index.clusterIP(flow.destination) ?? (mode === 'ipvs' ? index.externalAddress(flow.destination) : undefined);
  if (service !== undefined) {
    const name = `${service.namespace}/${service.name}`;
    const evidence = [service.cursor.at('spec', 'ports').evidence()];
    const clause = `Service ${name} has no port ${flow.destinationPort} for ${flow.protocol.toUpperCase()}`;
    if (service.notUnderstood.length > 0)
      return undetermined(`Service ${name}: ${service.notUnderstood[0] ?? ''}`, null, evidence);
    // nftables: cluster-ips-check in forward and output; ipvs: KUBE-IPVS-FILTER in input, where addresses of kube-ipvs0 arrive
    const refused =
      mode === 'ipvs'
        ? !node.nodeIPs.includes(flow.destination)
        : mode === 'nftables' && (!local || flow.inInterface === null);
    if (refused)
      return refuse('reject', `${clause}: ${mode} mode refuses the other ports of a Service address`, null, evidence);
    return pass([`${clause}: ${mode} mode leaves the packet as it is`], evidence);
  }
  if (mode === 'nftables' && inServiceRange(input, flow)) {
    return refuse('drop', 'an address of the Service range that no Service has: nftables mode drops it', null);
  }
  return pass(['no Service address']);
}

function inServiceRange(input: KubeProxyInput, flow: Flow): boolean {
  const address = parseAddress(flow.destination);
  if (address === undefined || (isLocalAddress(input.node, flow.destination) && flow.inInterface !== null))
    return false;
  return input.serviceCIDRs.some((text) => {
    const range = parsePrefix(text);
    return range !== undefined && contains(range, address);
  });
}
