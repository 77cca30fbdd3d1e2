import type { Changes } from '../../sample-facts.ts';

type Item = { metadata: Record<string, unknown> & { name: string } };
type List = { items: Item[] };

/** Gives some pods of namespace shop a Deployment, which the sample's pods do not have. */
export function deployment(name: string, pods: readonly string[]): Changes {
  const set = `${name}-5d4f`;
  const object = (kind: string, own: string, owners: readonly object[], replicas: number) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: own, namespace: 'shop', ownerReferences: owners },
    spec: { replicas },
  });
  const owner = (kind: string, own: string) => ({ apiVersion: 'apps/v1', kind, name: own, uid: own, controller: true });
  const list = (kind: string, items: readonly object[]) =>
    JSON.stringify({ apiVersion: 'apps/v1', kind: `${kind}List`, items });
  return {
    'resources/apps/v1/deployments.json': () =>
      list('Deployment', [object('Deployment', name, [], pods.length), object('Deployment', 'idle', [], 0)]),
    'resources/apps/v1/replicasets.json': () =>
      list('ReplicaSet', [object('ReplicaSet', set, [owner('Deployment', name)], pods.length)]),
    'resources/core/v1/pods.json': (text) => {
      const value = JSON.parse(text) as List;
      for (const { metadata } of value.items) {
        if (pods.includes(metadata.name)) metadata['ownerReferences'] = [owner('ReplicaSet', set)];
      }
      return JSON.stringify(value);
    },
  };
}
