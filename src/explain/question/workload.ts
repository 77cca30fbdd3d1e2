import type { PodFact, WorkloadFact } from '../../model/kubernetes.ts';
import { byName } from '../../model/selection.ts';
import { listText } from '../../model/wording.ts';
import type { ClusterView } from '../world/cluster-view.ts';
import { closeNames } from './close-names.ts';
import { QuestionError } from './question-input.ts';

/** kubectl's names for kinds that own pods. */
export const WORKLOAD_KINDS: ReadonlyMap<string, string> = new Map([
  ['deploy', 'Deployment'],
  ['deployment', 'Deployment'],
  ['deployments', 'Deployment'],
  ['sts', 'StatefulSet'],
  ['statefulset', 'StatefulSet'],
  ['statefulsets', 'StatefulSet'],
  ['ds', 'DaemonSet'],
  ['daemonset', 'DaemonSet'],
  ['daemonsets', 'DaemonSet'],
  ['rs', 'ReplicaSet'],
  ['replicaset', 'ReplicaSet'],
  ['replicasets', 'ReplicaSet'],
]);

const PLURALS: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'deployments'],
  ['StatefulSet', 'statefulsets'],
  ['DaemonSet', 'daemonsets'],
  ['ReplicaSet', 'replicasets'],
]);

/**
 * The running pods of a workload: owned by it (a Deployment through its ReplicaSets), sorted by name.
 * @throws QuestionError when the workload does not exist or has no running pod
 */
export function podsOfWorkload(view: ClusterView, kind: string, namespace: string, name: string): readonly PodFact[] {
  const workloads = (view.objects?.workloads ?? []).filter((one) => one.kind === kind && one.namespace === namespace);
  view.objects?.holds(PLURALS.get(kind) ?? '', byName(name, namespace));
  view.objects?.holds('pods', { namespace });
  const pods = (view.objects?.pods ?? []).filter(
    (pod) => pod.namespace === namespace && pod.phase !== 'Succeeded' && pod.phase !== 'Failed',
  );
  const owners = new Set([`${kind}/${name}`, ...replicaSetsOf(view, kind, namespace, name)]);
  const owned = pods.filter((pod) => pod.owners.some((owner) => owners.has(`${owner.kind}/${owner.name}`)));
  if (owned.length > 0) return owned;
  const workload = workloads.find((one) => one.name === name);
  if (workload !== undefined) {
    throw new QuestionError(`${kind} ${namespace}/${name} has no running pod`, [replicasHint(workload)]);
  }
  const known = workloads.map((one) => one.name);
  const near = closeNames(name, known);
  const hints = [
    ...(near.length > 0 ? [`Close names in namespace ${namespace}: ${listText(near)}.`] : []),
    ...(near.length === 0 && known.length > 0 ? [`${kind}s in namespace ${namespace}: ${listText(known)}.`] : []),
    ...(known.length === 0 ? [`No ${kind} of namespace ${namespace} was listed; name a pod instead.`] : []),
  ];
  throw new QuestionError(`there is no ${kind} ${name} in namespace ${namespace}`, hints);
}

/** ReplicaSets of a Deployment: by owner, or by their name where ReplicaSets were not captured (`NAME-<pod-template-hash>`). */
function replicaSetsOf(view: ClusterView, kind: string, namespace: string, name: string): readonly string[] {
  if (kind !== 'Deployment') return [];
  const sets = (view.objects?.workloads ?? []).filter(
    (one) => one.kind === 'ReplicaSet' && one.namespace === namespace,
  );
  const owned = sets.filter((set) => set.owners.some((owner) => owner.kind === 'Deployment' && owner.name === name));
  if (sets.length > 0) return owned.map((set) => `ReplicaSet/${set.name}`);
  const pods = (view.objects?.pods ?? []).filter((pod) => pod.namespace === namespace);
  return pods.flatMap((pod) => {
    const hash = pod.labels['pod-template-hash'];
    return hash === undefined
      ? []
      : pod.owners.filter((owner) => owner.name === `${name}-${hash}`).map((owner) => `ReplicaSet/${owner.name}`);
  });
}

function replicasHint(workload: WorkloadFact): string {
  const wanted = workload.cursor.at('spec', 'replicas').number();
  return wanted === 0 ? 'It is scaled to 0 replicas.' : 'See why its pods do not run: kubectl describe the workload.';
}
