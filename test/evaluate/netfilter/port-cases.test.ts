import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { conditionsText } from '../../../src/explain/sentences/conditions.ts';
import { probabilitySums } from '../../../src/model/branching.ts';
import { replyFlow, type Flow } from '../../../src/model/flow.ts';
import type { Ruleset, TraversalOutcome } from '../../../src/model/netfilter.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { environmentOf, flowOf, rulesetOf } from './environment.ts';

/** A packet whose source port its sender's kernel chose: any of 32768 to 60999. */
const PACKET: Flow = flowOf('10.0.0.1 > 10.0.0.2:80', { inInterface: 'eth1' });

function nft(rules: readonly string[], hook = 'prerouting', type = 'filter'): Ruleset {
  const map = '\tmap m {\n\t\ttype inet_service : verdict\n\t\telements = { 33000 : drop, 40000 : accept }\n\t}\n';
  const chain = `\tchain c {\n\t\ttype ${type} hook ${hook} priority 0; policy accept;\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`;
  return parseNftText({
    name: 'nft-ruleset.txt',
    capturedAt: null,
    bytes: Buffer.from(`table ip t {\n${map}${chain}}\n`),
  }).value;
}

function iptables(...rules: readonly string[]): Ruleset {
  return rulesetOf(`*filter\n:FORWARD ACCEPT [0:0]\n${rules.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`);
}

function walk(ruleset: Ruleset, flow = PACKET): readonly TraversalOutcome[] {
  const outcomes = evaluateTraversal([ruleset], flow, 'wire', environmentOf());
  expect(probabilitySums(outcomes).every((sum) => Math.abs(sum - 1) < 1e-9)).toBe(true);
  return outcomes;
}

function told(outcomes: readonly TraversalOutcome[]): string[] {
  return outcomes.map(({ verdict, conditions }) => [verdict, ...conditions.map(({ value }) => value)].join(' '));
}

describe('a rule that asks for a source port that is not known', () => {
  it.each([
    [
      'a part of them',
      ['tcp sport 40000-40007 drop'],
      ['forward 32768-39999', 'drop 40000-40007', 'forward 40008-60999'],
    ],
    ['all but a part', ['tcp sport != 32768-40000 drop'], ['forward 32768-40000', 'drop 40001-60999']],
    ['one of them', ['th sport 60999 drop'], ['forward 32768-60998', 'drop 60999']],
    ['an order', ['tcp sport < 33000 drop'], ['drop 32768-32999', 'forward 33000-60999']],
    [
      'a map',
      ['tcp sport vmap @m', 'drop'],
      ['drop 32768-32999', 'drop 33000', 'drop 33001-39999', 'forward 40000', 'drop 40001-60999'],
    ],
    [
      'beside an address',
      ['ip saddr . tcp sport { 10.0.0.1 . 50000-65535 } drop'],
      ['forward 32768-49999', 'drop 50000-60999'],
    ],
    [
      'twice, and once is enough',
      ['tcp sport < 50000 meta mark set 1', 'tcp sport < 50000 drop'],
      ['drop 32768-49999', 'forward 50000-60999'],
    ],
    ['all of them', ['tcp sport 1024-65535 drop'], ['drop']],
    ['none of them', ['tcp sport 53 drop'], ['forward']],
    ['a part, of no consequence', ['tcp sport 40000-40007 counter', 'tcp sport 40000-40007 accept'], ['forward']],
    [
      'more of them than a person would read',
      [`tcp sport { ${[33, 35, 37, 39, 41, 43].map((k) => `${k}000`).join(', ')} } drop`],
      ['undetermined'],
    ],
    ['some of its bits', ['tcp sport & 1 == 1 drop'], ['undetermined']],
  ])('%s', (_, rules, expected) => {
    expect(told(walk(nft(rules)))).toEqual(expected);
  });

  it.each([
    [
      'a part of them',
      ['-p tcp --sport 40000:40007 -j DROP'],
      ['forward 32768-39999', 'drop 40000-40007', 'forward 40008-60999'],
    ],
    ['all but a part', ['-p tcp ! --sport 32768:40000 -j DROP'], ['forward 32768-40000', 'drop 40001-60999']],
    ['a list', ['-p tcp -m multiport --sports 53,60000:65535 -j DROP'], ['forward 32768-59999', 'drop 60000-60999']],
    ['a part, of no consequence', ['-p tcp --sport 40000:40007 -j ACCEPT'], ['forward']],
    [
      'a part, behind something that nobody knows',
      ['-p tcp --sport 50000:65535 -m conntrack --ctexpire 5 -j DROP'],
      ['forward 32768-49999', 'undetermined 50000-60999'],
    ],
  ])('of iptables: %s', (_, rules, expected) => {
    expect(told(walk(iptables(...rules)))).toEqual(expected);
  });

  it('says so in words, and leaves the packet as it is but for what is supposed', () => {
    const [below] = walk(nft(['tcp sport < 33000 drop']));
    expect(conditionsText(below?.conditions ?? [])).toBe('the source port of 10.0.0.1 is 32768 to 32999');
    expect(below?.flow).toMatchObject({ sourcePort: null, unknownPort: { from: 32_768, to: 32_999 } });
    expect(below?.rules.map(({ after }) => after)).toEqual([undefined]);
  });

  it('supposes the same of the answer, in front of a translation and behind it', () => {
    const masquerade = nft(
      ['tcp sport < 33000 ct mark set 1', 'tcp sport >= 33000 drop', 'snat to 192.0.2.1'],
      'postrouting',
      'nat',
    );
    const passed = walk(masquerade).find(({ verdict }) => verdict === 'forward');
    expect(told(passed === undefined ? [] : [passed])).toEqual(['forward 32768-32999']);
    const answer = { ...replyFlow(passed?.flow ?? PACKET), inInterface: 'eth0' };
    expect(told(walk(nft(['tcp dport < 33000 drop']), answer))).toEqual(['drop']);
    expect(told(walk(nft(['tcp dport < 33000 drop'], 'forward'), answer))).toEqual(['drop']);
  });

  it('tells the port that a connection began with from the one that a translation gave it', () => {
    const rules = rulesetOf(
      '*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p tcp -j MASQUERADE --to-ports 5000-6000\nCOMMIT\n',
    );
    const environment = environmentOf({ addresses: { eth0: '192.0.2.1' } });
    const supposed: Flow = { ...PACKET, unknownPort: { from: 40_000, to: 40_007 } };
    const [sent] = evaluateTraversal([rules], supposed, 'wire', environment);
    expect(sent?.flow).toMatchObject({ source: '192.0.2.1', unknownPort: { from: 5000, to: 6000 } });
    const answer = { ...replyFlow(sent?.flow ?? PACKET), inInterface: 'eth0' };
    const ends = (rule: string): string[] => told(walk(nft([rule], 'forward'), answer));
    expect(ends('ct original proto-src 5000-6000 drop')).toEqual(['forward']);
    expect(ends('ct original proto-src 40000-40007 drop')).toEqual(['drop']);
    expect(ends('tcp dport 40000-40007 drop')).toEqual(['drop']);
  });
});
