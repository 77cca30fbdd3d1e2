/** S25 where no node has the port left: what the scheduler says of the pod (pkg/scheduler/framework/plugins/nodeports). */
import { expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { ask, sampleFacts } from '../sample-facts.ts';

const PENDING = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'web-d', namespace: 'shop', labels: { app: 'web' } },
  spec: { containers: [{ name: 'app', ports: [{ containerPort: 8080, hostPort: 8080, protocol: 'TCP' }] }] },
};

async function findings(message: string) {
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  const facts = await sampleFacts('kube-proxy-iptables', {
    'resources/core/v1/pods.json': (text) => {
      const list = JSON.parse(text) as { items: object[] };
      list.items.push({ ...PENDING, status: { phase: 'Pending', conditions } });
      return JSON.stringify(list);
    },
  });
  return explain(facts, ask('cli-a', 'web', { namespace: 'shop' })).findings.filter(({ code }) => code === 'KR121');
}

it('names the pod that waits for a port', async () => {
  const message = "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.";
  const [finding, ...others] = await findings(message);
  expect(finding?.subject).toBe('pod shop/web-d');
  expect(finding?.evidence[0]?.raw).toBe(JSON.stringify(message));
  expect(others).toEqual([]);
});

it('is silent of a pod that waits for something else', async () => {
  expect(await findings('0/2 nodes are available: 2 Insufficient cpu.')).toEqual([]);
});
