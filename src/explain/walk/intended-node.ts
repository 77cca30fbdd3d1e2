import type { Flow } from '../../model/flow.ts';
import type { IntendedOutcome } from '../../model/kube-proxy.ts';
import type { Owner } from '../../model/trace.ts';
import { formatEndpoint } from '../../model/address.ts';
import { addressText } from '../sentences/names.ts';
import { ownsAddress } from '../world/attachment.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import type { IntendedOnNode } from '../world/intended-node.ts';
import type { World } from '../world/world.ts';
import { intendedCrossing, type Crossing } from './state.ts';

type NodeOwner = Owner & { readonly kind: 'node' };

/**
 * A node whose rules nobody captured, taken to do what the API objects ask of it: its kube-proxy's part only. What other rules,
 * the network plugin's for one, would do is not known.
 */
export function intendedNodeCrossing(
  world: World,
  owner: NodeOwner,
  flow: Flow,
  intended: IntendedOnNode | null,
): readonly Crossing[] {
  const view = world.cluster(owner.cluster);
  if (intended === null) {
    const reason = `neither the rules of node ${owner.node} nor the objects that they are made from were captured`;
    return [
      { ...intendedCrossing(flow), verdict: 'undetermined', reason: `${reason}.`, unknown: { reason, evidence: [] } },
    ];
  }
  const { assumptions } = intended;
  return intended.outcomes
    .map((outcome) => crossingOf(world, view, owner, flow, outcome))
    .map((crossing) => ({
      ...crossing,
      steps: crossing.steps.map((step) => ({ ...step, ...(assumptions.length === 0 ? {} : { assumptions }) })),
    }));
}

function crossingOf(world: World, view: ClusterView, owner: NodeOwner, flow: Flow, outcome: IntendedOutcome): Crossing {
  const { probability, conditions, evidence } = outcome;
  const because = outcome.reasons.length === 0 ? '' : ` (${outcome.reasons.join('; ')})`;
  const to = formatEndpoint(flow.destination, flow.destinationPort);
  const weighted = { ...intendedCrossing(flow), probability, conditions };
  const step = (action: string, text: string) => [{ kind: 'intended', action, text: `${text}${because}`, evidence }];
  switch (outcome.action) {
    case 'dnat': {
      if (outcome.masquerade === null) return { ...unknownSource(owner, flow, outcome), probability, conditions };
      const sent = translated(view, owner, flow, outcome);
      const backend = addressText(view, sent.destination, sent.destinationPort);
      const verdict = ownsAddress(world, owner, sent.destination) ? 'local' : 'forward';
      return {
        ...weighted,
        verdict,
        flow: sent,
        steps: step('translated', `the node should send ${to} to ${backend}`),
      };
    }
    case 'pass': {
      const verdict = ownsAddress(world, owner, flow.destination) ? 'local' : 'forward';
      return { ...weighted, verdict, steps: step('passed', `the node should leave the packet to ${to} as it is`) };
    }
    case 'reject': {
      const steps = step('rejected', `the node should reject ${to}`);
      return {
        ...weighted,
        verdict: 'reject',
        steps,
        reason: `${steps[0]?.text ?? ''}.`,
        detail: 'icmp-port-unreachable',
      };
    }
    case 'drop': {
      const steps = step('dropped', `the node should drop the packet to ${to}`);
      return { ...weighted, verdict: 'drop', steps, reason: `${steps[0]?.text ?? ''}.`, detail: 'timeout' };
    }
    case 'undetermined': {
      const unknown = outcome.unknown ?? { reason: `what node ${owner.node} should do is not known`, evidence };
      return {
        ...weighted,
        verdict: 'undetermined',
        steps: step('unknown', unknown.reason),
        reason: `${unknown.reason}.`,
        unknown,
      };
    }
  }
}

/** Whether the source is translated is not known, and with it neither who is seen as the client nor which way the answer takes. */
function unknownSource(owner: NodeOwner, flow: Flow, { evidence }: IntendedOutcome): Crossing {
  const reason = `whether node ${owner.node} masquerades ${flow.source} depends on its kube-proxy's configuration and the incoming interface, which are not known`;
  const steps = [{ kind: 'intended', action: 'unknown', text: reason, evidence }];
  return {
    ...intendedCrossing(flow),
    verdict: 'undetermined',
    steps,
    reason: `${reason}.`,
    unknown: { reason, evidence },
  };
}

/** The packet after the translation; a masqueraded one is shown with the node's own address, which of several is not known. */
function translated(view: ClusterView, owner: NodeOwner, flow: Flow, outcome: IntendedOutcome): Flow {
  const { destination } = outcome;
  if (destination === null) return flow;
  const six = destination.ip.includes(':');
  const own = view.nodeNamed(owner.node)?.addresses.find((one) => one.address.includes(':') === six)?.address;
  const source = outcome.masquerade === true && own !== undefined ? own : flow.source;
  return { ...flow, destination: destination.ip, destinationPort: destination.port, source };
}
