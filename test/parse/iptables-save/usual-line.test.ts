import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWords } from '../../../src/parse/iptables-save/rule-line.ts';
import { readUsualLine } from '../../../src/parse/iptables-save/usual-line.ts';

/** What stands in most rules of kube-proxy, and what looks much like it. */
const counters = fc.constantFrom('', '[0:0] ', '[12:345] ', '[0:0]', '[x] ');
const part = fc.constantFrom(
  '-s 10.0.0.1/32',
  '! -s 10.244.0.0/16',
  '-d 10.96.0.1/32',
  '! -d 10.96.0.1',
  '-d 10.96.0.0/255.255.0.255',
  '-s 10.0.0.01/32',
  '-s 10.0.0.1/33',
  '-s 1.2.3',
  '-s ! 10.0.0.1',
  '-s fd00::1/128',
  '-p tcp',
  '-p udp',
  '! -p tcp',
  '-p 6',
  '-m tcp',
  '-m tcp --dport 80',
  '-m udp --dport 53',
  '-m tcp --dport 80:90',
  '-m tcp --dport 080',
  '-m tcp --dport 65535',
  '-m tcp --dport 65536',
  '-m sctp --dport 99999',
  '-m comment --comment "shop/web:http cluster IP"',
  '-m comment --comment plain',
  '-m comment --comment "a\\"b"',
  '-m comment --comment ""',
  '-m comment --comment !',
  '-m comment --comment -j',
  '-m comment --comment "-j X -j Y"',
  '-m statistic --mode random --probability 0.33333333349',
  '-m statistic --mode random --probability 1.00000000000',
  '-m statistic --mode random --probability 1.5',
  '-m statistic --mode random --probability .5',
  '-m statistic --mode nth --every 3 --packet 0',
  '-m statistic --mode random ! --probability 0.5',
  '-m mark --mark 0x4000/0x4000',
  '--dport 80',
  '-f',
  '',
);
const target = fc.constantFrom(
  '-j KUBE-SEP-ABC',
  '-j DNAT --to-destination 10.0.0.1:8080',
  '-j DNAT --to-destination 10.0.0.1:65536',
  '-j DNAT --to-destination 10.0.0.1:080',
  '-j DNAT --to-destination 10.0.0.256:80',
  '-j DNAT --to-destination 10.0.0.1:80-90',
  '-j DNAT --to-destination [fd00::1]:80',
  '-j constructor',
  '-j MASQUERADE',
  '-j ACCEPT',
  '-j DNAT',
  '-g KUBE-SVC-X',
  '',
  '-j MARK --set-xmark 0x4000/0x4000',
  '-j DNAT --to-destination 10.0.0.1 --random',
  '-j "X Y"',
  '-j -x',
  '-j ! X',
  '-j REJECT --reject-with tcp-reset',
  '-j DNAT --to-destination "10.0.0.1"',
  '-j X extra',
  '-j X ',
);
const line = fc
  .tuple(
    counters,
    fc.constantFrom('-A KUBE-SVC-X', '-A "A B"', '-I X', '-A X'),
    fc.array(part, { maxLength: 5 }),
    target,
  )
  .map(([before, chain, parts, to]) => `${before}${[chain, ...parts, to].join(' ')}`);

describe('a line in the usual form', () => {
  it('gives the same rule as its words do', () => {
    let usual = 0;
    fc.assert(
      fc.property(line, fc.constantFrom(4 as const, 6 as const), (text, family) => {
        const rule = readUsualLine(text, family);
        if (rule === undefined) return;
        usual += 1;
        expect(rule).toStrictEqual(readWords(text, family));
      }),
      { numRuns: 20_000 },
    );
    expect(usual).toBeGreaterThan(100);
  });

  it.each([
    '-A KUBE-SVC-X ! -s 10.244.0.0/16 -d 10.96.0.1/32 -p tcp -m comment --comment "a b" -m tcp --dport 80 -j KUBE-MARK-MASQ',
    '[0:0] -A KUBE-SVC-X -m comment --comment "a b" -m statistic --mode random --probability 0.5 -j KUBE-SEP-Y',
    '-A KUBE-SEP-Y -p tcp -m comment --comment "a b" -m tcp -j DNAT --to-destination 10.0.0.1:8080',
  ])('is %s', (text) => {
    expect(readUsualLine(text, 4)).toBeDefined();
  });
});
