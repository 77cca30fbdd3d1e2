import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome, KubeProxyConfig, KubeProxyMode } from '../../model/kube-proxy.ts';
import type { Owner } from '../../model/trace.ts';
import { evaluateKubeProxy } from '../../evaluate/kube-proxy/evaluate-kube-proxy.ts';
import { proxyNode } from '../../evaluate/kube-proxy/node.ts';
import type { ClusterView } from './cluster-view.ts';
import type { World } from './world.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/** What the API objects ask of a node for one packet. */
export interface IntendedOnNode {
  readonly outcomes: readonly IntendedOutcome[];
  /** What was taken for granted, in one sentence; null: nothing. */
  readonly assumption: string | null;
}

/**
 * What the API objects ask of a node for this packet.
 * @returns null when the Services or the node are not known
 */
export function intendedOnNode(world: World, owner: NodeOwner, flow: Flow): IntendedOnNode | null {
  const view = world.cluster(owner.cluster);
  const { objects } = view;
  const node = view.nodeNamed(owner.node);
  if (objects === undefined || node === undefined) return null;
  if (!objects.captured('services')) return null;
  const config = view.facts.node(owner.node).kubeProxy().value;
  if (config === undefined) return null;
  const addresses = view.netns(owner).addresses().value;
  const outcomes = evaluateKubeProxy(
    {
      index: view.serviceIndex(),
      node: proxyNode(node, addresses?.map((one) => one.address) ?? null, objects.nodes),
      config,
      mode: modeOf(view, owner, config),
      serviceCIDRs: objects.serviceCIDRs.map((one) => one.cidr),
    },
    flow,
  );
  const assumption = `node ${owner.node} is taken to run kube-proxy with its defaults, because its configuration was not captured`;
  return { outcomes, assumption: config.captured ? null : assumption };
}

/** The mode that the node reports, else the one that its rules show; kube-proxy's own default on Linux is iptables. */
function modeOf(view: ClusterView, owner: NodeOwner, config: KubeProxyConfig): KubeProxyMode {
  if (config.mode !== null) return config.mode;
  const netns = view.netns(owner);
  if ((netns.links().value ?? []).some((link) => link.name === 'kube-ipvs0')) return 'ipvs';
  const nftables = (netns.foreignChains().value ?? []).some((chain) => chain.table === 'kube-proxy');
  return nftables ? 'nftables' : 'iptables';
}
