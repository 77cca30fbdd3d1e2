// kube-proxy in IPVS mode, in the guest kernel: what Kubernetes promises of its Services is seen to happen, a snapshot holds it, and
// `explain` foretells it from that snapshot.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Branch } from '../../src/model/explanation.ts';
import type { Facts } from '../../src/model/facts.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { type GuestPlace, IpvsCluster } from '../lab/ipvs-guest/ipvs-cluster.ts';
import { defaultName } from '../lab/lab.ts';
import { CLUSTER } from '../lab/network.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { ask } from '../sample-facts.ts';

let cluster: IpvsCluster;
let facts: Facts;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-snapshot-'));

beforeAll(async () => {
  cluster = await IpvsCluster.start(defaultName(), SERVICES);
  await cluster.snapshot(folder);
  facts = createWorkspace(await collectSnapshots([folder]));
}, 900_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const CLIENT = { pod: 'cli-a' };
const NODE = { node: 'node1' };
const [WEB_A, WEB_B, WEB_C] = ['web-a', 'web-b', 'web-c'];

/** Destination, and who answers which source address; a real server on the node that masquerades sees that node's side of its link. */
test.each<[what: string, from: GuestPlace, to: string, port: number, protocol: 'tcp' | 'udp', answers: string[]]>([
  ['a ClusterIP', CLIENT, '10.96.10.1', 80, 'tcp', [WEB_A, WEB_B, WEB_C].map((web) => `${web} from 10.244.1.10`)],
  [
    'a ClusterIP from the node',
    NODE,
    '10.96.10.1',
    80,
    'tcp',
    [`${WEB_A} from 10.244.1.1`, `${WEB_B} from 10.10.0.11`, `${WEB_C} from 10.10.0.11`],
  ],
  [
    'a NodePort',
    'outside',
    '10.10.0.11',
    30080,
    'tcp',
    [`${WEB_A} from 10.244.1.1`, `${WEB_B} from 10.10.0.11`, `${WEB_C} from 10.10.0.11`],
  ],
  [
    'externalTrafficPolicy Local',
    'outside',
    '198.51.100.4',
    80,
    'tcp',
    [`${WEB_B} from 203.0.113.10`, `${WEB_C} from 203.0.113.10`],
  ],
  ['a pod that asks its own Service', { pod: 'solo-a' }, '10.96.10.27', 80, 'tcp', ['solo-a from 10.244.1.1']],
  ['IPv6', CLIENT, 'fd00:96::108', 80, 'tcp', [WEB_A, WEB_B, WEB_C].map((web) => `${web} from fd00:244:1::a`)],
  ['UDP', CLIENT, '10.96.10.13', 53, 'udp', ['dns-a from 10.244.1.10', 'dns-b from 10.244.1.10']],
  ['an endpoint outside', CLIENT, '10.96.10.19', 80, 'tcp', ['outside from 10.244.1.10']],
  ['a pod on the network of its node', CLIENT, '10.96.10.14', 80, 'tcp', ['host-a from 10.244.1.10']],
  ['a pod that terminates', CLIENT, '10.96.10.20', 80, 'tcp', ['drain-a from 10.244.1.10']],
  ['no endpoints', CLIENT, '10.96.10.11', 80, 'tcp', ['ECONNREFUSED']],
  ['internalTrafficPolicy Local without one', CLIENT, '10.96.10.6', 5432, 'tcp', ['ECONNREFUSED']],
  ['internalTrafficPolicy Local with one', { pod: 'cli-b' }, '10.96.10.6', 5432, 'tcp', ['db-0 from 10.244.2.10']],
])('%s', async (_, from, destination, port, protocol, answers) => {
  const results = await cluster.probe(from, { protocol, destination, port, count: 6 });
  const seen = new Set(
    results.map((result) => (result.seen ? `${result.seen.name} from ${result.seen.peer}` : result.result)),
  );
  expect([...seen].toSorted()).toStrictEqual(answers);
  const name = from === 'outside' ? CLUSTER.outside.v4 : 'pod' in from ? from.pod : `node/${from.node}`;
  const host = destination.includes(':') ? `[${destination}]` : destination;
  // The router delivers addresses of nobody at the node that has a backend.
  const node = from !== 'outside' ? null : destination === '10.10.0.11' ? 'node1' : 'node2';
  const explanation = explain(facts, ask(name, `${protocol}://${host}:${port}`, { namespace: 'shop', node }));
  const foretold = [...new Set(explanation.branches.map(foretell))].toSorted();
  expect(foretold, explanation.summary).toStrictEqual(
    answers[0]?.startsWith('outside') === true ? ['leaves-snapshot'] : answers,
  );
});

/** What a branch foretells, in the words of the table; where nothing was captured, its end cannot be known. */
function foretell({ disposition, backend, observedSource }: Branch): string {
  if (disposition === 'delivered') return `${backend?.pod?.replace(/^.*\//, '') ?? 'nobody'} from ${observedSource}`;
  return disposition === 'refused' ? 'ECONNREFUSED' : disposition;
}

test('a snapshot holds objects and rules', () => {
  const read = (name: string): string => readFileSync(path.join(folder, 'clusters/lab', name), 'utf8');
  expect(read('nodes/node1/kube-proxy/proxyMode')).toBe('ipvs');
  expect(read('nodes/node2/ipvsadm-save.txt')).toContain('-A -t 10.96.10.1:80 -s rr');
  expect(read('nodes/node2/ip6tables-save.txt')).toContain('KUBE-6-CLUSTER-IP');
  expect(read('nodes/node1/ipset-save.txt')).toContain('add KUBE-CLUSTER-IP 10.96.10.1,tcp:80');
  expect(JSON.parse(read('resources/core/v1/services.json'))).toHaveProperty('kind', 'ServiceList');
  expect(JSON.parse(read('pods/shop/cli-a/netns/ip-route.json'))).toContainEqual(
    expect.objectContaining({ dst: 'default', gateway: '10.244.1.1' }),
  );
});
