import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome, KubeProxyConfig, KubeProxyMode } from '../../model/kube-proxy.ts';
import type { Owner } from '../../model/trace.ts';
import { evaluateKubeProxy } from '../../evaluate/kube-proxy/evaluate-kube-proxy.ts';
import type { ProxyNode } from '../../evaluate/kube-proxy/node.ts';
import type { ClusterView } from './cluster-view.ts';
import type { World } from './world.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/** What the API objects ask of a node for one packet. */
export interface IntendedOnNode {
  readonly outcomes: readonly IntendedOutcome[];
  /** What was taken for granted, a clause each. */
  readonly assumptions: readonly string[];
}

/**
 * What the API objects ask of a node for this packet.
 * @returns null when the Services or the node are not known, and matter
 */
export function intendedOnNode(world: World, owner: NodeOwner, flow: Flow): IntendedOnNode | null {
  const view = world.cluster(owner.cluster);
  const { objects } = view;
  if (objects === undefined) return null;
  const node = view.nodeNamed(owner.node);
  const whole = objects.captured('services');
  const config = view.facts.node(owner.node).kubeProxy().value;
  if (config === undefined) return null;
  if ((node === undefined || !whole) && !isDecided(view, flow, node !== undefined)) return null;
  const outcomes = evaluateKubeProxy(
    {
      index: view.serviceIndex(),
      node: node === undefined ? unreadNode(view, owner, flow) : view.proxyNode(node),
      config,
      mode: modeOf(view, owner, config),
      serviceCIDRs: objects.serviceCIDRs.map((one) => one.cidr),
    },
    flow,
  );
  return {
    outcomes,
    assumptions: [
      ...(config.captured
        ? []
        : [
            `node ${owner.node} is taken to run kube-proxy with its defaults, because its configuration was not captured`,
          ]),
      ...(whole
        ? []
        : [`no other Service is taken to claim ${flow.destination}, because not all Services could be read`]),
      ...(node === undefined
        ? [`Node ${owner.node} could not be read: packets of its pods are taken to come from there alone`]
        : []),
    ],
  };
}

/**
 * Whether what is known decides over the packet, whatever the rest is: a pod's own address, or a cluster IP, which the API server gives
 * to one Service alone. Neither the node's addresses nor, without zones in hints, its labels matter then.
 */
function isDecided(view: ClusterView, flow: Flow, nodeKnown: boolean): boolean {
  const claims = view.servicesAt(flow.destination);
  if (claims.length === 0) return view.podAt(flow.destination) !== undefined;
  const index = view.serviceIndex();
  return (
    claims.some(({ kind }) => kind === 'clusterIP') &&
    claims.every(({ service }) => {
      const zones = index.slices(service).some(({ endpoints }) => endpoints.some((one) => one.hintZones !== null));
      return index.knowsSlices(service) && (nodeKnown || !zones);
    })
  );
}

/** A node of which only the pods are known: a packet from one of them is local to each detector of kube-proxy. */
function unreadNode(view: ClusterView, owner: NodeOwner, { source }: Flow): ProxyNode {
  const { node } = owner;
  const own = view.podAt(source)?.nodeName === node;
  const podCIDRs = own ? [`${source}/${source.includes(':') ? 128 : 32}`] : [];
  const localAddresses = view.interfaceAddresses(node);
  return { name: node, zone: null, podCIDRs, clusterPodCIDRs: [], nodeIPs: [], localAddresses };
}

/** The mode that the node reports, else the one that its rules show; kube-proxy's own default on Linux is iptables. */
function modeOf(view: ClusterView, owner: NodeOwner, config: KubeProxyConfig): KubeProxyMode {
  if (config.mode !== null) return config.mode;
  const netns = view.netns(owner);
  if ((netns.links().value ?? []).some((link) => link.name === 'kube-ipvs0')) return 'ipvs';
  const nftables = (netns.foreignChains().value ?? []).some((chain) => chain.table === 'kube-proxy');
  return nftables ? 'nftables' : 'iptables';
}
