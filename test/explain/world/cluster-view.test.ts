/** What a large cluster is asked for when somebody looks for the pod of an address. */
import { expect, it } from 'vitest';
import { createClusterView } from '../../../src/explain/world/cluster-view.ts';
import type { ClusterFacts } from '../../../src/model/facts.ts';
import { covers, selectionText, type Selection } from '../../../src/model/selection.ts';
import { kubernetesObjects } from '../../../src/parse/kubernetes/kubernetes-objects.ts';

/** A cluster with one dual-stack node and a pod on it, of whose pods so much is held. */
function asked(ip: string, held: readonly Selection[] | 'all'): { pod: string | undefined; wishes: string[] } {
  const wishes: string[] = [];
  const holds = (selection: Selection): boolean => {
    const known = held !== 'all' && held.some((one) => covers(one, selection));
    if (!known) wishes.push(selectionText(selection));
    return known;
  };
  const list = (name: string, items: readonly object[]) => ({
    name,
    capturedAt: null,
    bytes: Buffer.from(JSON.stringify(items)),
  });
  const node = { metadata: { name: 'n1' }, spec: { podCIDRs: ['10.1.0.0/24', 'fd00:1::/64'] } };
  const pod = {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { nodeName: 'n1' },
    status: { phase: 'Running', podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00:1::5' }] },
  };
  const present = held === 'all' || held.some((one) => one.fields === 'spec.nodeName=n1');
  const pods = list('pods.json', present ? [pod] : []);
  const { objects } = kubernetesObjects(
    new Map([
      ['nodes', [list('nodes.json', [node])]],
      ['pods', [held === 'all' ? pods : { ...pods, part: { selections: held, holds } }]],
    ]),
  );
  const facts = { name: 'lab', objects: () => ({ value: objects, gaps: [] }), dumpedNodes: [], dumpedProxies: [] };
  const view = createClusterView(facts as unknown as ClusterFacts);
  return { pod: view.podAt(ip)?.name, wishes };
}

const first = { fields: 'status.podIP=fd00:1::5' };

it.each<readonly [string, string, readonly Selection[] | 'all', string | undefined, readonly string[]]>([
  ['the whole List has it', 'fd00:1::5', 'all', 'web', []],
  ['at first, by its address', 'fd00:1::5', [], undefined, ['with status.podIP=fd00:1::5']],
  ['no pod’s first address: the node with the range', 'fd00:1::5', [first], undefined, ['with spec.nodeName=n1']],
  ['found among the pods of the node', 'fd00:1::5', [first, { fields: 'spec.nodeName=n1' }], 'web', []],
  ['no node gives it out', 'fd00:9::5', [{ fields: 'status.podIP=fd00:9::5' }], undefined, []],
])('%s', (_, ip, held, pod, wishes) => {
  expect(asked(ip, held)).toEqual({ pod, wishes });
});
