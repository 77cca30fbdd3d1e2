import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { ObjectFact, WorkloadFact } from '../../model/kubernetes.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

const WORKLOAD: ObjectType = { kinds: ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'], group: 'apps' };

/** Reads apps/v1 Deployments, ReplicaSets, StatefulSets and DaemonSets: which pods they select. */
export function parseWorkloads(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly WorkloadFact[]> {
  return readObjects(document, WORKLOAD, (item, base: ObjectFact) => ({
    matchLabels: item.stringMap('spec', 'selector', 'matchLabels'),
    matchExpressions: item.items('spec', 'selector', 'matchExpressions').map((one) => one.cursor),
    ...base,
  }));
}
