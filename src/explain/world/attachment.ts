import type { Family } from '../../model/address.ts';
import type { Evidence } from '../../model/evidence.ts';
import type { PodFact } from '../../model/kubernetes.ts';
import type { Link } from '../../model/network-namespace.ts';
import type { Owner } from '../../model/trace.ts';
import { routeTo } from './netns.ts';
import type { World } from './world.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/** How a pod hangs on its node. */
export interface Attachment {
  /** The node's end of the pod's interface; null when neither links nor routes tell. */
  readonly device: string | null;
  /** The bridge that the device is a port of, or that the node's route to the pod names. */
  readonly bridge: string | null;
  readonly evidence: readonly Evidence[];
  /** Whether the pod reaches the address on its link, without a gateway, by its own routes; false when they are not known. */
  onLink(ip: string): boolean;
}

/** Finds the pod's port: by the peer index of its veth, else by the node's route to its address. */
export function attachment(world: World, cluster: string, pod: PodFact): Attachment {
  const owner: Owner = { kind: 'pod', cluster, pod };
  const node: NodeOwner = { kind: 'node', cluster, node: pod.nodeName ?? '' };
  const view = world.cluster(cluster);
  const nodeLinks = view.netns(node).links().value ?? [];
  const podLink = (view.netns(owner).links().value ?? []).find((link) => !link.loopback && link.peerNamespace !== null);
  const byPeer = podLink === undefined ? undefined : nodeLinks.find((link) => link.index === podLink.peerIndex);
  const byRoute = byPeer === undefined ? routedDevice(world, node, pod, nodeLinks) : undefined;
  const port = byPeer ?? byRoute;
  const bridge = port === undefined ? null : port.kind === 'bridge' ? port.name : port.master;
  return {
    device: port?.name ?? null,
    bridge,
    evidence: port === undefined ? [] : [port.evidence],
    onLink: (ip) => routeTo(world, owner, ip).some((route) => route.kind === 'forward' && route.gateway === null),
  };
}

/** The pod's interface towards its node: the only one that is up and not loopback; undefined when that is not known. */
export function podDevice(world: World, owner: Owner & { readonly kind: 'pod' }): string | undefined {
  const links = world.cluster(owner.cluster).netns(owner).links().value ?? [];
  const candidates = links.filter((link) => !link.loopback && link.up);
  return candidates.length === 1 ? candidates[0]?.name : undefined;
}

function routedDevice(world: World, node: NodeOwner, pod: PodFact, links: readonly Link[]): Link | undefined {
  const ip = pod.ips[0];
  if (ip === undefined) return undefined;
  const [route] = routeTo(world, node, ip);
  if (route?.kind !== 'forward' || route.gateway !== null) return undefined;
  return links.find((link) => link.name === route.device);
}

/** Kind of a device (`vxlan`, `bridge` …); null when the device, or its kind, is not known. */
export function linkKind(world: World, owner: NodeOwner, device: string): string | null {
  const links = world.cluster(owner.cluster).netns(owner).links().value ?? [];
  return links.find((link) => link.name === device)?.kind ?? null;
}

/** Whether the node has the address, by its captured interfaces or its Node object. */
export function ownsAddress(world: World, owner: NodeOwner, ip: string): boolean {
  const view = world.cluster(owner.cluster);
  const captured = view.netns(owner).addresses().value;
  if (captured?.some((one) => one.address === ip) === true) return true;
  return view.nodeNamed(owner.node)?.addresses.some((one) => one.address === ip) === true;
}

/** State of the neighbour entry for an address; null when there is none. */
export function neighbourState(
  world: World,
  owner: NodeOwner,
  ip: string,
): { readonly state: string; readonly failed: boolean } | null {
  const entries = world.cluster(owner.cluster).netns(owner).neighbours().value ?? [];
  const entry = entries.find((one) => one.address === ip);
  if (entry === undefined) return null;
  const failed = entry.mac === null && entry.states.some((state) => state === 'FAILED' || state === 'INCOMPLETE');
  return { state: entry.states.join(','), failed };
}

/**
 * Whether frames on the bridge pass the node's iptables hooks. True by the sysctl, by the bridge's own flag, or because the
 * node tracks a connection between two of its pods that only bridging can have carried; undefined when nothing tells.
 * Source: net/bridge/br_netfilter_hooks.c, br_nf_pre_routing (brnet->call_iptables || BROPT_NF_CALL_IPTABLES).
 */
export function bridgeCallsNetfilter(
  world: World,
  owner: NodeOwner,
  bridge: string,
  family: Family,
): { readonly value: boolean | undefined; readonly evidence: readonly Evidence[] } {
  const netns = world.cluster(owner.cluster).netns(owner);
  const link = (netns.links().value ?? []).find((one) => one.name === bridge);
  const own = family === 4 ? link?.bridgeCallsIptables : link?.bridgeCallsIp6tables;
  if (own === true && link !== undefined) return { value: true, evidence: [link.evidence] };
  const setting = netns.sysctl().value?.get(`net.bridge.bridge-nf-call-${family === 4 ? 'iptables' : 'ip6tables'}`);
  if (setting !== undefined) return { value: setting.value !== '0', evidence: [setting.evidence] };
  return trackedBridging(world, owner, bridge, family);
}

/** A tracked, untranslated connection between two pods of one bridge: routing never carries it, so bridging was tracked. */
function trackedBridging(world: World, owner: NodeOwner, bridge: string, family: Family) {
  const view = world.cluster(owner.cluster);
  for (const entry of view.netns(owner).conntrack().value ?? []) {
    if (entry.family !== family || entry.reply.source !== entry.original.destination) continue;
    const from = view.podAt(entry.original.source);
    const to = view.podAt(entry.original.destination);
    if (from === undefined || to === undefined || from === to) continue;
    if (from.nodeName !== owner.node || to.nodeName !== owner.node) continue;
    const one = attachment(world, owner.cluster, from);
    const bridged = one.bridge === bridge && attachment(world, owner.cluster, to).bridge === bridge;
    if (bridged && one.onLink(entry.original.destination)) return { value: true, evidence: [entry.evidence] };
  }
  return { value: undefined, evidence: [] };
}
