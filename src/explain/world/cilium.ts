import type { Flow } from '../../model/flow.ts';
import type { KubernetesObjects, PodFact } from '../../model/kubernetes.ts';
import type { Owner } from '../../model/trace.ts';
import { formatEndpoint } from '../../model/address.ts';
import { evaluateCilium, type CiliumAnswer } from '../../evaluate/cilium/evaluate-cilium.ts';
import type { World } from './world.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/** A chain of table nat that kube-proxy made in its userspace mode, and one of the other modes. */
export const USERSPACE_CHAIN = 'KUBE-PORTALS-CONTAINER';
const KUBE_PROXY_CHAINS = [USERSPACE_CHAIN, 'KUBE-SERVICES'];

/** Cilium's agent on a node that has no rules of kube-proxy, whose place it takes; undefined: there is none. */
export function ciliumAgent(world: World, owner: NodeOwner, family: Flow['family']): PodFact | undefined {
  const view = world.cluster(owner.cluster);
  const netns = view.netns(owner);
  const rules = (netns.iptables(family).value ?? []).some((ruleset) =>
    KUBE_PROXY_CHAINS.some((chain) => ruleset.chain('nat', chain) !== undefined),
  );
  const tables = (netns.foreignChains().value ?? []).some((chain) => chain.table === 'kube-proxy');
  if (rules || tables) return undefined;
  return view.objects === undefined ? undefined : agentsOf(view.objects).get(owner.node);
}

const AGENT = 'cilium';
const agents = new WeakMap<KubernetesObjects, ReadonlyMap<string, PodFact>>();

/** Cilium's agents by node: there are few, or none, so that their label is looked for and not the name of a node. */
function agentsOf(objects: KubernetesObjects): ReadonlyMap<string, PodFact> {
  let known = agents.get(objects);
  if (known === undefined) {
    const found = objects.podsHaving(AGENT).filter((pod) => pod.labels['k8s-app'] === AGENT);
    known = new Map(found.toReversed().flatMap((pod) => (pod.nodeName === null ? [] : [[pod.nodeName, pod] as const])));
    agents.set(objects, known);
  }
  return known;
}

/**
 * What Cilium's tables on a node have for a packet to an address of a Service.
 * @param inside whether a program of the node or of its pods sends it
 * @returns null when none was captured
 */
export function ciliumAnswer(world: World, owner: NodeOwner, flow: Flow, inside: boolean): CiliumAnswer | null {
  const { value, artefact } = world.cluster(owner.cluster).facts.node(owner.node).cilium();
  if (value === undefined) return null;
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const reason = `${artefact} has no frontend ${to}/${flow.protocol}`;
  return evaluateCilium(value, flow, inside) ?? { kind: 'open', reason, evidence: [] };
}
