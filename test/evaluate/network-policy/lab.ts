import type { NamespaceFact, NetworkPolicyFact, PodFact } from '../../../src/model/kubernetes.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';

function read(plural: string, items: readonly unknown[]) {
  const bytes = Buffer.from(JSON.stringify(items));
  return kubernetesObjects(new Map([[plural, [{ name: `${plural}.json`, capturedAt: null, bytes }]]])).objects;
}

export function policies(...specs: readonly object[]): readonly NetworkPolicyFact[] {
  const items = specs.map((spec, at) => ({ metadata: { name: `p${at}`, namespace: 'shop' }, spec }));
  return read('networkpolicies', items).networkPolicies;
}

export function policyFacts(items: readonly unknown[]): readonly NetworkPolicyFact[] {
  return read('networkpolicies', items).networkPolicies;
}

export function namespace(name: string, labels: Record<string, string> = {}): NamespaceFact {
  const [fact] = read('namespaces', [{ metadata: { name, labels } }]).namespaces;
  if (fact === undefined) throw new Error('no namespace');
  return fact;
}

export function pod(
  name: string,
  labels: Record<string, string>,
  more: { namespace?: string; ip?: string; spec?: object } = {},
): PodFact {
  const metadata = { name, namespace: more.namespace ?? 'shop', labels };
  const status = { podIPs: [{ ip: more.ip ?? '10.0.0.1' }] };
  const [fact] = read('pods', [{ metadata, spec: { nodeName: 'n1', ...more.spec }, status }]).pods;
  if (fact === undefined) throw new Error('no pod');
  return fact;
}
