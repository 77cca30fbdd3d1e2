/** What mutated snapshots have found, one case each: every one of these was answered `reachable`. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { ask, sampleFacts, type Changes, type SampleName } from '../sample-facts.ts';

const reviews = ask('productpage-v1-abc', 'http://reviews:9080/reviews/1', { namespace: 'bookinfo' });
const web = ask('cli-a', 'web', { namespace: 'shop' });
const nodePort = ask('cli-a', 'web-nodeport', { namespace: 'shop' });
const CONFIG_DUMP = 'pods/bookinfo/reviews-v1-abc/envoy/config_dump.json';

describe('is undetermined, and says which artefact would tell', () => {
  it.each<readonly [what: string, SampleName, QuestionInput, Changes, artefact: string]>([
    ...['', 'upstream connect error\n', '{}', '[]', '\0\0\0'].map(
      (text) =>
        [
          `a config_dump that is ${JSON.stringify(text)}: its listeners are not known, so its ports may be anybody's`,
          'one-node-bookinfo',
          reviews,
          { [CONFIG_DUMP]: () => text },
          'config_dump.json',
        ] as const,
    ),
    [
      'half of a config_dump',
      'one-node-bookinfo',
      reviews,
      { [CONFIG_DUMP]: (text) => text.slice(0, text.length / 2) },
      'config_dump.json',
    ],
    [
      'rules of a node that bridges the frame, not captured although the kernel shows them to br_netfilter',
      'one-node-bookinfo',
      reviews,
      { 'nodes/node1/iptables-save.txt': () => null },
      'iptables-save.txt',
    ],
    [
      'no interface at all, where every namespace has lo',
      'one-node-bookinfo',
      reviews,
      { 'nodes/node1/ip-link.json': () => '[]' },
      'ip-link.json',
    ],
    [
      'interfaces cut off before the one that the pod hangs on',
      'one-node-bookinfo',
      reviews,
      { 'nodes/node1/ip-link.json': (text) => text.slice(0, text.length / 2) },
      'ip-link.json',
    ],
    [
      'a kube-proxy in iptables mode, and no rules of either back end',
      'kube-proxy-legacy',
      nodePort,
      { 'nodes/node2/iptables-legacy-save.txt': () => null },
      'iptables-legacy-save.txt',
    ],
    [
      'a list of nftables that cannot be read',
      'kube-proxy-iptables',
      web,
      { 'nodes/node1/nft-ruleset.json': () => 'nft: command not found\n' },
      'nft-ruleset.json',
    ],
    [
      'a list of nftables that was cut off',
      'kube-proxy-iptables',
      web,
      { 'nodes/node1/nft-ruleset.json': (text) => text.slice(0, text.length - 200) },
      'nft-ruleset.json',
    ],
  ])('%s', async (_, sample, question, changes, artefact) => {
    const { verdict, summary, coverage } = explain(await sampleFacts(sample, changes), question);
    expect(verdict, summary).toBe('undetermined');
    expect(coverage.gaps.map((gap) => gap.artefact)).toContainEqual(expect.stringContaining(artefact));
  });
});

describe('says what it takes for granted', () => {
  it.each<readonly [what: string, SampleName, QuestionInput, Changes, assumption: string]>([
    [
      'routing rules of a pod that asks itself',
      'one-node-bookinfo',
      ask('productpage-v1-abc', 'http://productpage:9080/', { namespace: 'bookinfo' }),
      { 'pods/bookinfo/productpage-v1-abc/netns/ip-rule.json': () => null },
      'routing rules were not captured; taken to be the ones that the kernel starts with',
    ],
    [
      'nftables that nobody listed',
      'kube-proxy-iptables',
      web,
      { 'nodes/node1/nft-ruleset.json': () => null },
      "nftables were not listed everywhere; taken to hold no rules besides iptables'",
    ],
  ])('%s', async (_, sample, question, changes, assumption) => {
    const { verdict, coverage } = explain(await sampleFacts(sample, changes), question);
    expect(verdict).toBe('reachable');
    expect(coverage.assumed).toContain(assumption);
  });
});
