import { readFileSync } from 'node:fs';
import { indexNames, type NameIndex } from '../../../src/evaluate/dns/name-index.ts';
import type { Artefact } from '../../../src/model/artefact.ts';
import type { KubernetesObjects, PodFact } from '../../../src/model/kubernetes.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';

/** Objects written by hand that CoreDNS 1.14.7 was asked about; see coredns-answers.json. */
export function labItems(): unknown[] {
  const file = new URL('../../fixtures/dns/objects.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { items: unknown[] }).items;
}

export function configMap(name: string, data: Record<string, string>, namespace = 'kube-system'): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** Facts of a mixed List of objects. */
export function read(items: readonly unknown[]): KubernetesObjects {
  const bytes = Buffer.from(JSON.stringify({ kind: 'List', apiVersion: 'v1', items }));
  const list: Artefact = { name: 'objects.json', capturedAt: null, bytes };
  const plurals = ['services', 'endpointslices', 'namespaces', 'pods', 'nodes', 'configmaps'];
  return kubernetesObjects(new Map(plurals.map((plural) => [plural, [list]]))).objects;
}

export function indexOf(items: readonly unknown[]): NameIndex {
  return indexNames(read(items));
}

export function podOf(spec: object, status: object = { podIPs: [{ ip: '10.244.1.99' }] }): PodFact {
  const metadata = { name: 'client', namespace: 'shop' };
  const [pod] = read([{ apiVersion: 'v1', kind: 'Pod', metadata, spec, status }]).pods;
  if (pod === undefined) throw new Error('no pod');
  return pod;
}
