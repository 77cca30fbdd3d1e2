/** What a pod's status tells of its addresses: one that is not told is nobody's, and only the rules may still lead to it. */
import { expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts } from '../../sample-facts.ts';

interface Item {
  readonly metadata: { readonly name: string };
  readonly status: { podIP?: string; podIPs?: { ip: string }[] };
}

const PODS = 'resources/core/v1/pods.json';

/** The text of the Pods with the status of web-a changed. */
function changed(change: (status: Item['status']) => void): (text: string) => string {
  return (text) => {
    const list = JSON.parse(text) as { readonly items: readonly Item[] };
    for (const { metadata, status } of list.items) if (metadata.name === 'web-a') change(status);
    return JSON.stringify(list);
  };
}

const untold = changed((status) => {
  delete status.podIP;
  delete status.podIPs;
});
const withoutFirst = changed((status) => delete status.podIP);
const withSecond = changed((status) => status.podIPs?.push({ ip: '10.244.1.99' }));

it.each<readonly [string, (text: string) => string, string, string, readonly string[]]>([
  [
    'no address although it runs: the other endpoints are found, this one is not known',
    untold,
    'http://web',
    'undetermined',
    ['leaves-snapshot 10.244.1.10', 'delivered shop/web-b', 'delivered shop/web-c'],
  ],
  ['its address, which no pod has', untold, 'tcp://10.244.1.10:8080', 'undetermined', ['leaves-snapshot 10.244.1.10']],
  ['podIPs without podIP', withoutFirst, 'tcp://10.244.1.10:8080', 'reachable', ['delivered shop/web-a']],
  ['its first address beside a second', withSecond, 'pod/web-a:8080', 'reachable', ['delivered shop/web-a']],
])('%s', async (_, change, to, verdict, ends) => {
  const answer = explain(
    await sampleFacts('kube-proxy-iptables', { [PODS]: change }),
    ask('cli-a', to, { namespace: 'shop' }),
  );
  expect(answer.verdict).toBe(verdict);
  expect(
    answer.branches.map(({ disposition, backend }) => `${disposition} ${backend?.pod ?? backend?.ip ?? ''}`),
  ).toEqual(ends);
});

it('to a pod without an address nothing can be asked', async () => {
  const facts = await sampleFacts('kube-proxy-iptables', { [PODS]: untold });
  expect(() => explain(facts, ask('cli-a', 'pod/web-a:8080', { namespace: 'shop' }))).toThrow(
    'pod shop/web-a has no address yet',
  );
});
