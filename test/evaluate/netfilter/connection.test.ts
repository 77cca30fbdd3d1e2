import { describe, expect, it } from 'vitest';
import { evaluateTraversal } from '../../../src/evaluate/netfilter/evaluate-traversal.ts';
import { replyFlow } from '../../../src/model/flow.ts';
import { parseNftText } from '../../../src/parse/nftables/text-ruleset.ts';
import { environmentOf, flowOf, rulesetOf } from './environment.ts';

// Found against a kernel: the answer to a packet of `CT --zone` is a stranger in the zone that no rule names.
describe('answers of a connection in a conntrack zone', () => {
  const request = '-A PREROUTING -s 10.0.0.9/32 -j CT --zone 5';
  const rules = (...raw: string[]): string =>
    `*raw\n:PREROUTING ACCEPT [0:0]\n${raw.join('\n')}\nCOMMIT\n*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -j SNAT --to-source 192.0.2.1\nCOMMIT\n`;

  it.each([
    ['are found without a zone', [], 'forward'],
    ['are not known where no rule sends them there', [request], 'undetermined'],
  ])('%s', (_, raw, verdict) => {
    const ruleset = rulesetOf(rules(...raw));
    const [there] = evaluateTraversal([ruleset], flowOf('10.0.0.9:1000 > 10.0.0.2:80'), 'wire', environmentOf());
    expect(there?.verdict).toBe('forward');
    const answer = { ...replyFlow(there?.flow ?? flowOf('10.0.0.9:1000 > 10.0.0.2:80')), inInterface: 'eth0' };
    const outcomes = evaluateTraversal([ruleset], answer, 'wire', environmentOf());
    expect(outcomes.map((outcome) => outcome.verdict)).toEqual([verdict]);
  });
});

// What both back ends of a kernel counted: the packet has CT's template for an entry, until conntrack gives it one.
describe('between CT and conntrack', () => {
  it.each([
    ['--ctstate NEW', true],
    ['! --ctstate NEW', false],
    ['--ctstate INVALID,ESTABLISHED,UNTRACKED', false],
    ['--ctstate SNAT', false],
    ['! --ctstate SNAT', true],
    ['--ctdir ORIGINAL', true],
    ['--ctdir REPLY', false],
    ['--ctstate NEW --ctdir REPLY', false],
    ['--ctproto 6', false],
    ['! --ctproto 6', true],
    ['--ctorigsrc 10.0.0.9/32', false],
    ['! --ctorigsrc 10.0.0.9/32', true],
    ['--ctorigsrc 0.0.0.0/8', true],
    ['--ctrepldst 0.0.0.0/8', true],
    ['--ctorigdstport 80', false],
    ['--ctreplsrcport 0:5', true],
    ['--ctstatus CONFIRMED', true],
    ['--ctstatus NONE', false],
    ['--ctstatus EXPECTED,SEEN_REPLY,ASSURED', false],
    ['! --ctstatus SEEN_REPLY', true],
  ])('-m conntrack %s: matches %s', (words, matches) => {
    const rules = `-A PREROUTING -j CT --zone 5\n-A PREROUTING -m conntrack ${words} -j DROP`;
    const ruleset = rulesetOf(`*raw\n:PREROUTING ACCEPT [0:0]\n${rules}\nCOMMIT\n`);
    const outcomes = evaluateTraversal([ruleset], flowOf('10.0.0.9:1000 > 10.0.0.2:80'), 'wire', environmentOf());
    expect(outcomes.map(({ verdict }) => verdict)).toEqual([matches ? 'drop' : 'forward']);
  });

  it('is new to nftables as well', () => {
    const iptables = rulesetOf('*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j CT --zone 5\nCOMMIT\n');
    const table = (rule: string): string =>
      `table ip t {\n\tchain c {\n\t\ttype filter hook prerouting priority -299; policy accept;\n\t\t${rule} drop\n\t}\n}\n`;
    const verdictsOf = (rule: string): string[] => {
      const nft = parseNftText({ name: 'nft.txt', capturedAt: null, bytes: Buffer.from(table(rule)) }).value;
      const flow = flowOf('10.0.0.9:1000 > 10.0.0.2:80');
      return evaluateTraversal([iptables, nft], flow, 'wire', environmentOf()).map(({ verdict }) => verdict);
    };
    expect(verdictsOf('ct state new')).toEqual(['drop']);
    expect(verdictsOf('ct state invalid,established,related,untracked')).toEqual(['forward']);
    expect(verdictsOf('ct direction original')).toEqual(['undetermined']);
  });
});
