/** Law 2: what is not understood makes the answer undetermined wherever the answer depends on it. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { ask, sampleFacts, sampleSource, type SampleName } from '../sample-facts.ts';

const cases: readonly (readonly [SampleName, QuestionInput])[] = [
  ['kube-proxy-iptables', ask('cli-a', 'web', { namespace: 'shop' })],
  ['kube-proxy-iptables', ask('10.10.0.50', '203.0.113.10:80', { node: 'node1' })],
  ['kube-proxy-iptables', ask('cli-a', 'empty', { namespace: 'shop' })],
  ['one-node-bookinfo', ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' })],
];

interface Cited {
  readonly sample: SampleName;
  readonly question: QuestionInput;
  readonly artefact: string;
  readonly line: number;
  readonly raw: string;
}

/** Every rule that decided one of the questions: those that the answer cites. */
async function citedRules(): Promise<readonly Cited[]> {
  const all: Cited[] = [];
  for (const [sample, question] of cases) {
    const { branches } = explain(await sampleFacts(sample), question);
    const rules = branches
      .flatMap((branch) => branch.hops.flatMap((hop) => hop.steps.flatMap((step) => step.evidence)))
      .filter(({ artefact, raw }) => artefact.endsWith('iptables-save.txt') && raw.includes(' -A '));
    const once = new Map(rules.map((rule) => [`${rule.artefact}:${rule.line}`, rule]));
    for (const { artefact, line, raw } of once.values()) all.push({ sample, question, artefact, line: line ?? 0, raw });
  }
  return all;
}

const rules = await citedRules();

describe('a rule that decided, with a match that nobody knows', () => {
  it('is one of many', () => {
    expect(rules.length).toBeGreaterThan(40);
  });

  it.each(rules.map((rule) => [`${rule.artefact}:${rule.line} ${rule.raw}`, rule] as const))('%s', async (_, rule) => {
    const before = explain(await sampleFacts(rule.sample), rule.question);
    const strange = rule.raw.replace(/ -j | -g |$/, (jump) => ` -m strange --strange 1${jump}`);
    const relative = rule.artefact.replace('clusters/lab/', '');
    const facts = await sampleFacts(rule.sample, { [relative]: (text) => text.replace(rule.raw, strange) });
    const after = explain(facts, rule.question);
    const ends = (explanation: typeof after) =>
      explanation.branches.map(({ disposition, backend, observedSource, probability }) => [
        disposition,
        backend,
        observedSource,
        probability.toFixed(9),
      ]);
    const named = after.verdict === 'undetermined' && JSON.stringify(after.branches).includes('strange');
    // Either it is undetermined and names the rule, or the answer stands whatever the match says.
    expect(named || [after.verdict, ends(after)]).toEqual(named || [before.verdict, ends(before)]);
  });
});

describe('an Envoy that has something nobody knows on the way', () => {
  const ENVOY = 'pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';
  const question = ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' });

  it.each([
    [
      'a network filter',
      /envoy\.extensions\.filters\.network\.http_connection_manager\.v3\.HttpConnectionManager/g,
      'envoy.extensions.filters.network.strange.v3.Strange',
    ],
    [
      'an HTTP filter',
      /envoy\.extensions\.filters\.http\.cors\.v3\.Cors"/g,
      'envoy.extensions.filters.http.strange.v3.Strange"',
    ],
    ['a route matcher', /"prefix": ?"\/"/g, '"strange_matcher": {"x": "/"}'],
    ['a load balancing policy', /"LEAST_REQUEST"/g, '"STRANGE"'],
  ])('%s', async (_, pattern, replacement) => {
    const source = await sampleSource('one-node-bookinfo');
    expect(source.artefact(`clusters/lab/${ENVOY}`)?.bytes.toString()).toMatch(pattern);
    const facts = await sampleFacts('one-node-bookinfo', { [ENVOY]: (text) => text.replaceAll(pattern, replacement) });
    expect(explain(facts, question).verdict).toBe('undetermined');
  });

  it('and nftables chains of bridges, which are not evaluated', async () => {
    const chain =
      '{"nftables":[{"table":{"family":"bridge","name":"fw","handle":1}},{"chain":{"family":"bridge","table":"fw","name":"in","handle":1,"type":"filter","hook":"forward","prio":0,"policy":"accept"}},{"rule":{"family":"bridge","table":"fw","chain":"in","handle":2,"expr":[{"drop":null}]}}]}';
    const facts = await sampleFacts('kube-proxy-iptables', {
      'nodes/node1/nft-ruleset.json': (text) =>
        text
          .replace('{"nftables": [', `${chain.slice(0, -2)},`)
          .replace('{"nftables":[{"metainfo"', `${chain.slice(0, -2)},{"metainfo"`),
    });
    const explanation = explain(facts, ask('cli-a', 'web', { namespace: 'shop' }));
    expect(explanation.verdict, explanation.summary).toBe('undetermined');
    expect(explanation.summary).toContain('fw');
  });
});
