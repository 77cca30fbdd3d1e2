/**
 * Services of every kind behind kube-proxy in IPVS mode, in the guest kernel: `explain` is asked of the running cluster and of a
 * snapshot, and then the request is sent for real. What the program reads as `local` on a node is held against the node itself.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectSnapshots } from '../../src/collect/snapshot.ts';
import { explain } from '../../src/explain/explain.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { IpvsCluster } from '../lab/ipvs-guest/ipvs-cluster.ts';
import { defaultName } from '../lab/lab.ts';
import type { ProbeResult } from '../lab/probe/probe.ts';
import { SERVICES } from '../lab/topology/services.ts';
import { differences } from '../agreement/agreement.ts';
import { guestAnswers } from './guest-access.ts';
import { DIST, gapsOfNodes, localExplain, readsNoOther } from './local-node.ts';
import { questionOf, sendAll } from '../agreement/request-question.ts';
import { SERVICE_QUESTIONS } from './service-questions.ts';

/** The scheduler goes round: three backends are all met in few requests. */
const REQUESTS = 12;
const NAMESPACE = 'shop';

let cluster: IpvsCluster;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-snapshot-'));
let ofSnapshot: readonly Explanation[];
let live: readonly Explanation[];
let sent: readonly (readonly ProbeResult[])[];

beforeAll(async () => {
  cluster = await IpvsCluster.start(defaultName(), SERVICES);
  const questions = SERVICE_QUESTIONS.map((one) => questionOf(one, NAMESPACE));
  live = await guestAnswers(cluster, questions);
  await cluster.snapshot(folder);
  const facts = createWorkspace(await collectSnapshots([folder]));
  ofSnapshot = questions.map((question) => explain(facts, question));
  sent = await sendAll(cluster, SERVICE_QUESTIONS, NAMESPACE, () => REQUESTS);
});
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const cases = SERVICE_QUESTIONS.map((question, at) => [question.about, question.to, question, at] as const);
it.each(cases)('%s: %s', (_about, _to, question, at) => {
  const results = sent[at] ?? [];
  const answers = { snapshot: ofSnapshot[at] as Explanation, live: live[at] as Explanation };
  for (const [how, explanation] of Object.entries(answers)) {
    const told = `${how}: ${explanation.summary}\nsent: ${JSON.stringify(results[0])}`;
    expect(differences(question, explanation, results), told).toEqual([]);
  }
});

it('a snapshot by the tools alone holds objects and rules', () => {
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

describe('the program in a shell of a node', () => {
  let dist: string;
  beforeAll(() => {
    dist = cluster.guest.leaveFolder('dist', DIST);
  });

  /** Node.js starts slowly in the guest. */
  const PATIENCE = 300_000;
  const ask = async (node: string, from: string, to: string): Promise<Explanation> => {
    const argv = localExplain(cluster.guestKubeconfig, from, to, dist);
    const { stdout, stderr } = await cluster.guest.spawn(node, argv, '', PATIENCE);
    return JSON.parse(stdout === '' ? stderr : stdout) as Explanation;
  };
  const pods = ({ branches }: Explanation) => branches.map(({ backend }) => backend?.pod);

  it(
    'a request that stays on the node is seen to its end, in the networks of both pods',
    { timeout: PATIENCE },
    async () => {
      const answer = await ask('node1', 'solo-a', 'http://10.96.10.27');
      expect([answer.verdict, pods(answer)], answer.summary).toEqual(['reachable', ['shop/solo-a']]);
      expect(answer.branches.map(({ observedSource }) => observedSource)).toEqual(['10.244.1.1']);
      // The guest's kernel has no nf_tables, which nft can say in no other way.
      const others = gapsOfNodes(answer).filter(({ problem }) => !problem.includes('`nft '));
      expect(others).toEqual([]);
    },
  );

  it('a request that leaves the node: what the other one does is not known', { timeout: PATIENCE }, async () => {
    const answer = await ask('node2', 'cli-b', 'http://10.96.10.1');
    expect(answer.verdict, answer.summary).toBe('undetermined');
    expect(answer.coverage.gaps).toContainEqual(readsNoOther('node1'));
  });
});
