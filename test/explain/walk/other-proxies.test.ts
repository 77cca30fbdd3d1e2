import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain.ts';
import { ask, sampleFacts, type Changes } from '../../sample-facts.ts';

const SAVES = ['nodes/node1/iptables-save.txt', 'nodes/node2/iptables-save.txt'];
const PODS = 'resources/core/v1/pods.json';
const EMPTY =
  '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n';

/** The rules of kube-proxy in userspace mode for every Service port 80, after pkg/proxy/userspace/proxier.go. */
const PORTALS = EMPTY.replace(
  'COMMIT',
  [
    ':KUBE-PORTALS-CONTAINER - [0:0]',
    '-A PREROUTING -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-CONTAINER',
    '-A KUBE-PORTALS-CONTAINER -p tcp -m comment --comment "shop/web:http" -m tcp --dport 80 -j REDIRECT --to-ports 40001',
    'COMMIT',
  ].join('\n'),
);

function withRules(text: string): Changes {
  return Object.fromEntries([
    ...SAVES.map((name) => [name, () => text] as const),
    ...['node1', 'node2'].map((node) => [`nodes/${node}/nft-ruleset.json`, () => null] as const),
  ]);
}

/** The agent of Cilium on every node, made of pods that are there. */
function withAgents(text: string): string {
  const list = JSON.parse(text) as { items: { metadata: { labels?: Record<string, string> } }[] };
  for (const { metadata } of list.items) metadata.labels = { ...metadata.labels, 'k8s-app': 'cilium' };
  return JSON.stringify(list);
}

async function ends(changes: Changes) {
  const facts = await sampleFacts('kube-proxy-iptables', changes);
  const { verdict, branches } = explain(facts, ask('pod/cli-a', 'web:80', { namespace: 'shop' }));
  return { verdict, reasons: branches.map((branch) => branch.reason).join('\n') };
}

describe('what takes kube-proxy rules’ place', () => {
  it('a userspace proxy is never called reachable, and is explained', async () => {
    const { verdict, reasons } = await ends(withRules(PORTALS));
    expect([verdict, reasons]).toEqual(['undetermined', expect.stringContaining('userspace mode')]);
  });

  it('Cilium without rules of kube-proxy leaves the answer open', async () => {
    const { verdict, reasons } = await ends({ ...withRules(EMPTY), [PODS]: withAgents });
    expect([verdict, reasons]).toEqual(['undetermined', expect.stringContaining('Cilium')]);
  });
});
