import type { Evidence } from '../../model/evidence.ts';
import type { PodFact, ServiceFact } from '../../model/kubernetes.ts';
import { serviceEnvironment } from '../../evaluate/dns/service-environment.ts';
import type { ClusterView } from './cluster-view.ts';

/** What a pod's application finds in one environment variable about a Service. */
export interface Variable {
  /** `set`; `not-set`: the container is older than the Service, or no Service makes such a variable; `unknown`: the times are not known. */
  readonly state: 'set' | 'not-set' | 'unknown';
  readonly value: string | null;
  /** The Service that the variable is about. */
  readonly service: ServiceFact | null;
  readonly evidence: readonly Evidence[];
}

/** Looks a variable up as the pod's first application container has it. */
export function lookUpVariable(view: ClusterView, pod: PodFact, name: string): Variable {
  const container = pod.containers.find((one) => !one.init && one.name !== 'istio-proxy');
  const services = view.objects?.services ?? [];
  const variable =
    container === undefined ? undefined : serviceEnvironment(pod, container, services).find((one) => one.name === name);
  if (variable === undefined) return { state: 'not-set', value: null, service: null, evidence: [] };
  const { state, value, service } = variable;
  const created = service.cursor.at('metadata', 'creationTimestamp');
  return { state, value, service, evidence: created.exists ? [created.evidence()] : [] };
}
