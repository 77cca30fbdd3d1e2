import { isLoopbackText } from '../../model/address.ts';
import type { Flow } from '../../model/flow.ts';
import type { Owner } from '../../model/trace.ts';
import { evaluateInterception, type InterceptionResult } from '../../evaluate/interception/evaluate-interception.ts';
import { intendedInterception } from '../../evaluate/interception/intended-interception.ts';
import { ownerName } from '../sentences/names.ts';
import { intendedCrossing, type Crossing } from './state.ts';

type PodOwner = Owner & { readonly kind: 'pod' };

/**
 * A pod's network namespace whose rules nobody captured, taken to hold the rules that its spec asks for: Istio's interception, or
 * none. The packet then leaves by the pod's interface or reaches its sockets.
 */
export function intendedInPod(owner: PodOwner, flow: Flow, from: 'wire' | 'process'): readonly Crossing[] {
  const own = from === 'wire' || owner.pod.ips.includes(flow.destination) || isLoopbackText(flow.destination);
  const verdict = own ? 'local' : 'forward';
  const config = intendedInterception(owner.pod);
  if (config === null) {
    const text = `pod ${ownerName(owner)} has no sidecar, so its network namespace is taken to hold no rules`;
    return [{ ...intendedCrossing(flow), verdict, steps: [{ kind: 'rule', action: 'assumed', text, evidence: [] }] }];
  }
  const result = evaluateInterception(config, from === 'wire' ? 'inbound' : 'outbound', flow);
  return [intercepted(owner, flow, result, verdict)];
}

function intercepted(owner: PodOwner, flow: Flow, result: InterceptionResult, verdict: 'local' | 'forward'): Crossing {
  const { evidence } = result;
  const because = result.reasons.length === 0 ? '' : ` (${result.reasons.join('; ')})`;
  const step = (action: string, text: string) => [{ kind: 'rule', action, text: `${text}${because}`, evidence }];
  if (result.to === 'unknown') {
    const unknown = result.unknown ?? {
      reason: `what is intercepted in pod ${ownerName(owner)} is not known`,
      evidence,
    };
    const steps = step('unknown', unknown.reason);
    return { ...intendedCrossing(flow), verdict: 'undetermined', steps, reason: `${unknown.reason}.`, unknown };
  }
  if (result.to === 'direct' || result.port === null) {
    const steps = step('passed', `the pod's interception, as its spec asks for it, leaves the connection alone`);
    return { ...intendedCrossing(flow), verdict, steps };
  }
  const sent: Flow = { ...flow, destination: redirected(owner, flow), destinationPort: result.port };
  const steps = step(
    'redirected',
    `the pod's interception, as its spec asks for it, redirects the connection to local port ${result.port}`,
  );
  return { ...intendedCrossing(sent), verdict: 'local', steps };
}

/** REDIRECT turns a packet made here to the loopback address, and a received one to the pod's own. */
function redirected(owner: PodOwner, flow: Flow): string {
  const loopback = flow.family === 4 ? '127.0.0.1' : '::1';
  if (flow.inInterface === null) return loopback;
  return owner.pod.ips.find((ip) => ip.includes(':') === (flow.family === 6)) ?? loopback;
}
