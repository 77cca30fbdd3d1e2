import { formatEndpoint } from '../../model/address.ts';
import type { ServiceWay, SourceClass } from '../../model/service-report.ts';
import type { CiliumAnswer } from '../../evaluate/cilium/evaluate-cilium.ts';
import type { ClusterView } from '../world/cluster-view.ts';

/**
 * One line of the notation for what Cilium's tables have. Probabilities and the source that is seen stand in none of them.
 * @param rules whether the entries behind it are wanted
 */
export function ciliumWay(view: ClusterView, from: SourceClass, answer: CiliumAnswer, rules: boolean): ServiceWay {
  const base = { from: [from], masquerade: 'unknown', affinity: false, drift: null } as const;
  if (answer.kind === 'open') {
    return {
      ...base,
      action: 'undetermined',
      backends: [],
      reason: answer.reason,
      rules: rules ? answer.evidence : [],
    };
  }
  const { frontend, to } = answer;
  const backends = to.map(({ ip, port }) => {
    const pod = view.podAt(ip);
    return { ip, port, pod: pod === undefined ? null : `${pod.namespace}/${pod.name}`, probability: null };
  });
  return {
    ...base,
    action: 'translated',
    backends,
    affinity: frontend.flags.includes('sessionAffinity'),
    reason: "Cilium's algorithm (random or Maglev) decides",
    rules: rules ? [frontend.evidence, ...frontend.backends.map(({ evidence }) => evidence)] : [],
  };
}

/** `ip:port` of the backends; null: not known. */
export function ciliumTargets(answer: CiliumAnswer): ReadonlySet<string> | null {
  return answer.kind === 'open' ? null : new Set(answer.to.map(({ ip, port }) => formatEndpoint(ip, port)));
}
