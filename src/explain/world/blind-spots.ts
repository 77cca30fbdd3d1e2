import type { Unknown } from '../../model/branching.ts';
import type { NetnsFacts } from '../../model/facts.ts';
import type { NftBaseChain } from '../../model/nftables.ts';
import type { Flow } from '../../model/flow.ts';
import type { Owner } from '../../model/trace.ts';
import { listText } from '../../model/wording.ts';
import { ciliumUnknown } from '../../evaluate/cilium/evaluate-cilium.ts';
import { ciliumAgent, ciliumAnswer, USERSPACE_CHAIN } from './cilium.ts';
import type { World } from './world.ts';

/** Families whose chains hang on the hooks of IP, and those hooks: what `evaluateTraversal` walks through. */
const EVALUATED: ReadonlySet<string> = new Set(['ip', 'ip6', 'inet']);
const HOOKS: ReadonlySet<string> = new Set(['prerouting', 'input', 'forward', 'output', 'postrouting']);

/**
 * Something in the namespace that may decide over the packet and that no evaluator here understands: nftables chains of bridges and
 * devices, or IPVS.
 */
export function blindSpot(world: World, owner: Owner, flow: Flow): Unknown | null {
  const netns = world.cluster(owner.cluster).netns(owner);
  const foreign = netns.foreignChains();
  const unread = foreign.value === undefined ? foreign.gaps.find((gap) => gap.kind !== 'missing') : undefined;
  if (unread !== undefined) {
    return { reason: `nftables may hold rules: ${unread.artefact}: ${unread.problem}`, evidence: [] };
  }
  const chains = (foreign.value ?? []).filter((chain) => !chain.empty && meets(chain, flow));
  if (chains.length > 0) {
    const names = chains.map((chain) => `${chain.family} ${chain.table} ${chain.chain} (${chain.hook})`);
    return {
      reason: `nftables chains that are not evaluated stand on the packet's way: ${listText(names, 3)}`,
      evidence: chains.map((chain) => chain.evidence),
    };
  }
  return owner.kind === 'node' ? (ipvs(world, owner, netns, flow) ?? cilium(world, owner, flow)) : null;
}

/** What a walk through a namespace takes for granted when nobody listed its nftables; null when somebody did. One clause. */
export function unlistedChains(world: World, owner: Owner): string | null {
  const listed = world.cluster(owner.cluster).netns(owner).foreignChains().value !== undefined;
  return listed ? null : "nftables were not listed everywhere; taken to hold no rules besides iptables'";
}

/** Whether an IP packet may come to a chain that is not evaluated. */
function meets(chain: NftBaseChain, flow: Flow): boolean {
  if (chain.family === 'arp' || chain.family === (flow.family === 4 ? 'ip6' : 'ip')) return false;
  return !EVALUATED.has(chain.family) || !HOOKS.has(chain.hook);
}

/** In IPVS mode Service addresses are translated by virtual servers, which no iptables rule shows: without a listing nothing is known. */
function ipvs(world: World, owner: Owner & { readonly kind: 'node' }, netns: NetnsFacts, flow: Flow): Unknown | null {
  const view = world.cluster(owner.cluster);
  const device = (netns.links().value ?? []).find((link) => link.name === 'kube-ipvs0');
  const config = view.facts.node(owner.node).kubeProxy().value;
  if (device === undefined && config?.mode !== 'ipvs') return null;
  const virtual = view.servicesAt(flow.destination).length > 0 || view.nodeAt(flow.destination) === owner.node;
  if (!virtual) return null;
  const servers = netns.virtualServers();
  if (servers.value !== undefined && (servers.value.all.length > 0 || servers.value.incomplete !== undefined))
    return null;
  const [gap] = servers.gaps;
  const why =
    servers.value !== undefined ? 'none was listed' : (gap?.remedy ?? gap?.problem ?? 'they were not captured');
  return {
    reason: `node ${owner.node} runs kube-proxy in ipvs mode, and its virtual servers are not known (${why})`,
    evidence: device === undefined ? (config?.evidence ?? []) : [device.evidence],
  };
}

/** Whether kube-proxy works in its userspace mode here (before Kubernetes 1.26): its rules lead to a port of its own process. */
export function isUserspaceProxy(netns: NetnsFacts, family: Flow['family']): boolean {
  return (netns.iptables(family).value ?? []).some((ruleset) => ruleset.chain('nat', USERSPACE_CHAIN) !== undefined);
}

/** Cilium in kube-proxy's place translates Service addresses by eBPF programs, which neither rules nor routes show. */
function cilium(world: World, owner: Owner & { readonly kind: 'node' }, flow: Flow): Unknown | null {
  const view = world.cluster(owner.cluster);
  if (view.servicesAt(flow.destination).length === 0) return null;
  const agent = ciliumAgent(world, owner, flow.family);
  if (agent === undefined) return null;
  const runs = `node ${owner.node} runs Cilium and shows no rules of kube-proxy, so that eBPF programs translate Service addresses`;
  const evidence = agent.cursor.at('metadata', 'labels').evidence();
  const inside = view.podAt(flow.source) !== undefined || view.nodeAt(flow.source) !== undefined;
  const answer = ciliumAnswer(world, owner, flow, inside);
  if (answer === null) {
    const reason = `${runs}, which are not evaluated (\`cilium-dbg service list -o json\` in pod ${agent.namespace}/${agent.name} lists them)`;
    return { reason, evidence: [evidence] };
  }
  const told = ciliumUnknown(answer);
  return { reason: `${runs}: ${told.reason}`, evidence: [evidence, ...told.evidence] };
}
