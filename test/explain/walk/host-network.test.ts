/** A pod on its node's own network sends as a process of the node: through OUTPUT, by the node's routes, from the node's addresses. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';

interface Pods {
  readonly items: { metadata: { name: string }; spec: { nodeName: string; hostNetwork?: boolean } }[];
}

it.each(['http://10.96.10.1', 'http://10.10.0.12:30080', 'http://10.96.10.11'])('%s', async (to) => {
  const facts = await sampleFacts('kube-proxy-iptables', {
    'resources/core/v1/pods.json': (text) => {
      const pods = JSON.parse(text) as Pods;
      const client = pods.items.find(({ metadata }) => metadata.name === 'cli-a');
      if (client === undefined) throw new Error('the sample has no pod cli-a');
      expect(client.spec.nodeName).toBe('node1');
      client.spec.hostNetwork = true;
      return JSON.stringify(pods);
    },
  });
  const ends = (from: string) =>
    explain(facts, ask(from, to, { namespace: 'shop' })).branches.map(
      ({ probability, disposition, backend, observedSource }) => ({
        probability,
        disposition,
        backend,
        observedSource,
      }),
    );
  expect(ends('cli-a')).toEqual(ends('node/node1'));
});
