/** The parts of an answer that stand around its branches: summary, replicas, coverage, and the tree that is drawn. */
import { describe, expect, it } from 'vitest';
import { answerTree } from '../../src/explain/answer-tree.ts';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { AnswerTree } from '../../src/model/answer-tree.ts';
import { QUESTIONS } from '../laws/questions.ts';
import { ask, sampleFacts, type Changes, type SampleName } from '../sample-facts.ts';
import { deployment } from './question/workload-sample.ts';

const SHOP = { namespace: 'shop' };
const shop = await sampleFacts('kube-proxy-iptables');
const mesh = await sampleFacts('one-node-bookinfo');

describe('the summary', () => {
  it.each<readonly [SampleName, QuestionInput, Changes, string]>([
    [
      'kube-proxy-iptables',
      ask('cli-a', 'solo', SHOP),
      {},
      'cli-a → solo is delivered to shop/solo-a (10.244.1.60:8080).',
    ],
    ['kube-proxy-iptables', ask('cli-a', 'web', SHOP), {}, 'is delivered to one of shop/web-a'],
    ['kube-proxy-iptables', ask('cli-a', 'empty', SHOP), {}, 'cli-a → empty is refused. At node node1, '],
    [
      'kube-proxy-iptables',
      ask('cli-a', 'db-internal-local', SHOP),
      {},
      'is lost without an answer (the client times out)',
    ],
    [
      'one-node-bookinfo',
      ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo', method: 'DELETE' }),
      {},
      'is denied by a policy (HTTP 403)',
    ],
    [
      'kube-proxy-iptables',
      ask('cli-a', 'web', SHOP),
      { 'nodes/node1/ip-route.json': () => 'x' },
      'cli-a → web could not be determined. ',
    ],
  ])('%s %o', async (sample, question, changes, text) => {
    expect(explain(await sampleFacts(sample, changes), question).summary).toContain(text);
  });
});

describe('a workload', () => {
  it('gives the answer of most of its replicas, and names the odd one', async () => {
    const facts = await sampleFacts('kube-proxy-iptables', deployment('front', ['cli-a', 'api-a', 'cli-b']));
    const { verdict, replicas, findings, request } = explain(facts, ask('deploy/front', 'db-internal-local', SHOP));
    expect([verdict, request.from.name]).toEqual(['unreachable', 'api-a']);
    expect(replicas.map(({ pod, verdict: own, differs }) => [pod, own, differs])).toEqual([
      ['shop/api-a', 'unreachable', false],
      ['shop/cli-a', 'unreachable', false],
      ['shop/cli-b', 'reachable', true],
    ]);
    const odd = findings.find(({ code }) => code === 'KR501');
    expect([odd?.subject, odd?.cause]).toEqual(['deploy/front', expect.stringContaining('shop/cli-b of 3 replicas')]);
  });

  it('finds nothing odd when all are answered alike', async () => {
    const facts = await sampleFacts('kube-proxy-iptables', deployment('front', ['cli-a', 'cli-b']));
    const { verdict, replicas, findings } = explain(facts, ask('deploy/front', 'solo', SHOP));
    expect([verdict, replicas.length, findings.filter(({ code }) => code === 'KR501')]).toEqual(['reachable', 2, []]);
  });
});

describe('coverage', () => {
  it('cites exactly the artefacts that the steps and findings do', () => {
    const { coverage, branches, findings } = explain(shop, ask('cli-a', 'web', SHOP));
    const evidence = [
      ...branches.flatMap((branch) => branch.hops.flatMap((hop) => hop.steps.flatMap((step) => step.evidence))),
      ...findings.flatMap((finding) => finding.evidence),
    ];
    expect(coverage.artefacts).toEqual([...new Set(evidence.map((one) => one.artefact))].toSorted());
    expect([coverage.intended, coverage.gaps]).toEqual([0, []]);
    expect(coverage.proven).toBeGreaterThan(5);
  });

  it('counts what is only intended, and says how to see it', async () => {
    const facts = await sampleFacts('kube-proxy-iptables', {
      'nodes/node1/iptables-save.txt': () => null,
      'nodes/node1/nft-ruleset.json': () => null,
    });
    const { verdict, coverage } = explain(facts, ask('cli-a', 'web', SHOP));
    expect(verdict).toBe('undetermined');
    expect(coverage.intended).toBeGreaterThan(0);
    const gap = coverage.gaps.find(({ artefact }) => artefact.endsWith('node1/iptables-save.txt'));
    expect(gap?.remedy).toContain('iptables-save -c > clusters/lab/nodes/node1/iptables-save.txt');
  });
});

describe('the tree of an answer', () => {
  const trees = QUESTIONS.filter(([sample]) => sample !== 'kube-proxy-legacy').map(([sample, question]) => {
    const { branches } = explain(sample === 'one-node-bookinfo' ? mesh : shop, question);
    return { branches, tree: answerTree(branches), name: `${question.from} → ${question.to}` };
  });
  const nodes = (tree: AnswerTree): AnswerTree[] => [tree, ...tree.children.flatMap(nodes)];

  it('numbers its steps from 1 without a gap', () => {
    for (const { tree, name } of trees) {
      const numbers = nodes(tree).flatMap((node) => node.hops.flatMap((hop) => hop.steps.map((step) => step.number)));
      expect(numbers, name).toEqual(numbers.map((_, index) => index + 1));
    }
  });

  it('holds every branch once: as an end, or as one alike', () => {
    for (const { tree, branches, name } of trees) {
      const ends = nodes(tree).flatMap(({ end, alike }) => [
        ...(end === null ? [] : [1]),
        ...(alike === null ? [] : [alike.shown.length + alike.more]),
      ]);
      expect(
        ends.reduce((sum, count) => sum + count, 0),
        name,
      ).toBe(branches.filter((one) => one.probability > 0).length);
    }
  });

  it('shares out the whole among the ways that part without conditions', () => {
    const shared = (node: AnswerTree): number | null => {
      if (node.share === null) return null;
      const { shown, moreShare } = node.alike ?? { shown: [], moreShare: 0 };
      return node.share + shown.reduce((sum, one) => sum + (one.share ?? 0), moreShare);
    };
    const parted = trees
      .map(({ tree, name }) => ({ name, shares: tree.children.map(shared) }))
      .filter(({ shares }) => shares.length > 0 && !shares.includes(null));
    expect(parted.length).toBeGreaterThan(10);
    for (const { name, shares } of parted) {
      expect(
        shares.reduce((sum: number, share) => sum + (share ?? 0), 0),
        name,
      ).toBeCloseTo(1);
    }
  });

  it('tells the common beginning once, and folds ways that differ in machines alone', () => {
    const { branches } = explain(
      mesh,
      ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' }),
    );
    const tree = answerTree(branches);
    expect(tree.hops.map((hop) => hop.kind)).toEqual(['client', 'pod', 'proxy']);
    expect(tree.children).toHaveLength(1);
    expect(tree.children[0]?.share).toBeCloseTo(0.5);
    expect(tree.children[0]?.alike?.shown.map((one) => one.branch.backend?.pod)).toEqual([
      'bookinfo/reviews-v2-abc',
      'bookinfo/reviews-v3-abc',
    ]);
  });
});
