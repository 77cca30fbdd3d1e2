import type { Artefact, Parsed } from '../../model/artefact.ts';
import type { NetworkPolicyFact, ObjectFact } from '../../model/kubernetes.ts';
import type { ItemReader } from './item-reader.ts';
import { parseDocument, readObjects, type Document, type ObjectType } from './object-list.ts';

type PolicyType = NetworkPolicyFact['policyTypes'][number];

const NETWORK_POLICY: ObjectType = { kinds: ['NetworkPolicy'], group: 'networking.k8s.io' };

/**
 * Reads networking.k8s.io/v1 NetworkPolicies. Without policyTypes a policy is for Ingress, and for Egress when it has egress
 * rules (pkg/apis/networking/v1/defaults.go, SetDefaults_NetworkPolicy). Its rules are read where they are evaluated.
 */
export function parseNetworkPolicies(
  artefact: Artefact,
  document: Document = parseDocument(artefact),
): Parsed<readonly NetworkPolicyFact[]> {
  return readObjects(document, NETWORK_POLICY, readPolicy);
}

function readPolicy(item: ItemReader, base: ObjectFact): NetworkPolicyFact | undefined {
  if (item.value('spec') === undefined) return item.reject('has no spec', []);
  const written: readonly PolicyType[] = item.strings('spec', 'policyTypes').flatMap((_, index): PolicyType[] => {
    const type = item.oneOf(['Ingress', 'Egress'], 'spec', 'policyTypes', index);
    return type === undefined ? [] : [type];
  });
  const egress = item.value('spec', 'egress');
  const implied: readonly PolicyType[] =
    Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  return { policyTypes: written.length > 0 ? written : implied, ...base };
}
