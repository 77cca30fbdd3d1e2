import type { Unknown } from '../../model/branching.ts';
import type { NetnsFacts } from '../../model/facts.ts';
import type { NftBaseChain } from '../../model/nftables.ts';
import type { Flow } from '../../model/flow.ts';
import type { Owner } from '../../model/trace.ts';
import { listText } from '../../model/wording.ts';
import type { World } from './world.ts';

/** Families whose chains an IP packet can meet. */
const MEETS: Readonly<Record<string, readonly number[]>> = {
  ip: [4],
  ip6: [6],
  inet: [4, 6],
  bridge: [4, 6],
  netdev: [4, 6],
};

/**
 * Something in the namespace that may decide over the packet and that no evaluator here understands: nftables chains beside
 * iptables', or IPVS.
 */
export function blindSpot(world: World, owner: Owner, flow: Flow): Unknown | null {
  const netns = world.cluster(owner.cluster).netns(owner);
  const chains = (netns.foreignChains().value ?? []).filter((chain) => !chain.empty && meets(chain, flow));
  if (chains.length > 0) {
    const names = chains.map((chain) => `${chain.family} ${chain.table} ${chain.chain} (${chain.hook})`);
    return {
      reason: `nftables chains that are not evaluated stand on the packet's way: ${listText(names, 3)}`,
      evidence: chains.map((chain) => chain.evidence),
    };
  }
  return owner.kind === 'node' ? ipvs(world, owner, netns, flow) : null;
}

function meets(chain: NftBaseChain, flow: Flow): boolean {
  return (MEETS[chain.family] ?? [4, 6]).includes(flow.family) && chain.family !== 'arp';
}

/** In IPVS mode Service addresses are translated by virtual servers, which no iptables rule shows. */
function ipvs(world: World, owner: Owner & { readonly kind: 'node' }, netns: NetnsFacts, flow: Flow): Unknown | null {
  const view = world.cluster(owner.cluster);
  const device = (netns.links().value ?? []).find((link) => link.name === 'kube-ipvs0');
  const config = view.facts.node(owner.node).kubeProxy().value;
  if (device === undefined && config?.mode !== 'ipvs') return null;
  const virtual = view.servicesAt(flow.destination).length > 0 || view.nodeAt(flow.destination) === owner.node;
  if (!virtual) return null;
  return {
    reason: `node ${owner.node} runs kube-proxy in ipvs mode, and its virtual servers are not evaluated`,
    evidence: device === undefined ? (config?.evidence ?? []) : [device.evidence],
  };
}
