import { contains, isLoopback, parseAddress, parsePrefix, type Family } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { KubeProxyConfig, KubeProxyMode } from '../../model/kube-proxy.ts';
import type { NodeFact } from '../../model/kubernetes.ts';
import { ofFamily } from './service-port.ts';

/** The node that kube-proxy runs on. */
export interface ProxyNode {
  readonly name: string;
  readonly zone: string | null;
  readonly podCIDRs: readonly string[];
  /** Pod CIDRs of all nodes of the cluster; empty: not known. */
  readonly clusterPodCIDRs: readonly string[];
  /** Addresses of the Node object, InternalIP before ExternalIP: the first of a family is kube-proxy's node IP. */
  readonly nodeIPs: readonly string[];
  /** Addresses of all its interfaces; null when nobody captured them: then its node IPs stand for them. */
  readonly localAddresses: readonly string[] | null;
}

/** A node as its API object and, when they were captured, its interfaces tell; `nodes` are all of its cluster. */
export function proxyNode(
  fact: NodeFact,
  localAddresses: readonly string[] | null,
  nodes: readonly NodeFact[],
): ProxyNode {
  return {
    name: fact.name,
    zone: fact.zone,
    podCIDRs: fact.podCIDRs,
    clusterPodCIDRs: nodes.flatMap((one) => one.podCIDRs),
    nodeIPs: fact.addresses.map((one) => one.address),
    localAddresses,
  };
}

/** kube-proxy's node IP of a family; loopback when the Node has none (cmd/kube-proxy/app/server.go, detectNodeIPs). */
export function nodeIP(node: ProxyNode, family: Family): string {
  return ofFamily(node.nodeIPs, family)[0] ?? (family === 6 ? '::1' : '127.0.0.1');
}

/** Whether the kernel of this node takes the address for its own (routing type LOCAL). */
export function isLocalAddress(node: ProxyNode, text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined) return false;
  return isLoopback(address) || (node.localAddresses ?? node.nodeIPs).includes(address.text);
}

/**
 * Whether NodePorts answer at an address of the node: nodePortAddresses, of the given family, else all; in nftables mode without
 * nodePortAddresses the node IPs; loopback in iptables mode alone, for IPv4, with localhostNodePorts
 * (pkg/proxy/util/nodeport_addresses.go; server_linux.go; iptables, nftables and ipvs proxier.go).
 */
export function acceptsNodePorts(node: ProxyNode, config: KubeProxyConfig, mode: KubeProxyMode, text: string): boolean {
  const address = parseAddress(text);
  if (address === undefined || !isLocalAddress(node, text)) return false;
  const ranges = nodePortRanges(node, config, mode, address.family);
  if (isLoopback(address)) {
    if (mode !== 'iptables' || address.family === 6 || !config.localhostNodePorts) return false;
    // with ranges, kube-proxy writes a rule for each interface address in them; without, one for every local address
    if (ranges === null) return true;
    return address.text === '127.0.0.1' && ranges.some((range) => contains(range, address));
  }
  if (mode === 'ipvs' && address.family === 6 && address.bits >> 118n === 0x3fan) return false; // link-local: netlink_linux.go
  return ranges === null || ranges.some((range) => contains(range, address));
}

/** null: every address. */
function nodePortRanges(node: ProxyNode, config: KubeProxyConfig, mode: KubeProxyMode, family: Family) {
  const given = config.nodePortAddresses;
  const primary = (given.length === 1 && given[0] === 'primary') || (given.length === 0 && mode === 'nftables');
  const texts = primary ? primaryAddresses(node) : given;
  const ranges = texts.flatMap((text) => {
    const range = parsePrefix(text);
    return range?.family === family ? [range] : [];
  });
  return ranges.length === 0 || ranges.some((range) => range.mask === 0n) ? null : ranges;
}

/** The node IPs; a family of which the Node has none is left out, and then matches everything like any family without CIDR. */
function primaryAddresses(node: ProxyNode): string[] {
  return ([4, 6] as const).flatMap((family) => ofFamily(node.nodeIPs, family).slice(0, 1));
}

/** `remote-or-off`: the packet comes from no pod, and whether kube-proxy looks at that at all is not known. */
export type Locality = 'local' | 'remote' | 'off' | 'remote-or-off' | 'unknown';

/**
 * Whether a packet comes from a pod of this node (or cluster), as detectLocalMode tells (pkg/proxy/util/localdetector.go;
 * server_linux.go, getLocalDetectors, which takes the first CIDR of each family).
 * @returns `off` when kube-proxy has no detector; `unknown` when the incoming interface decides and nobody knows it
 */
export function detectLocal(node: ProxyNode, config: KubeProxyConfig, flow: Flow): Locality {
  if (!config.captured) return whateverDetects(node, flow);
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return byCidr(config.clusterCIDRs, flow);
    case 'NodeCIDR':
      return byCidr(node.podCIDRs, flow);
    case 'BridgeInterface':
      return byInterface(flow, (name) => name === config.bridgeInterface);
    case 'InterfaceNamePrefix':
      return byInterface(flow, (name) => name.startsWith(config.interfaceNamePrefix ?? ''));
    default:
      return 'off';
  }
}

/** What every detector agrees on: a pod of this node is local, and what is no pod of the cluster is not. */
function whateverDetects(node: ProxyNode, flow: Flow): Locality {
  if (byCidr(node.podCIDRs, flow) === 'local') return 'local';
  const ranges = node.clusterPodCIDRs.flatMap((text) => parsePrefix(text) ?? []);
  const source = parseAddress(flow.source);
  const known = ranges.some((range) => range.family === flow.family) && source !== undefined;
  return known && !ranges.some((range) => contains(range, source)) ? 'remote-or-off' : 'unknown';
}

function byCidr(cidrs: readonly string[], flow: Flow): 'local' | 'remote' | 'off' | 'unknown' {
  const range = cidrs.flatMap((text) => parsePrefix(text.trim()) ?? []).find((one) => one.family === flow.family);
  const source = parseAddress(flow.source);
  if (range === undefined) return 'off';
  if (source === undefined) return 'unknown';
  return contains(range, source) ? 'local' : 'remote';
}

/** A packet made on this node has no incoming interface, so no rule with `-i` matches it. */
function byInterface(flow: Flow, matches: (name: string) => boolean): 'local' | 'remote' | 'unknown' {
  if (flow.inInterface === undefined) return 'unknown';
  return flow.inInterface !== null && matches(flow.inInterface) ? 'local' : 'remote';
}
