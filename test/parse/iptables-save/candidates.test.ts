import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IptablesChain } from '../../../src/model/netfilter.ts';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';

/** Options of rules that may match a packet to 10.0.0.2, each written in a way that an index could lose. */
const MAY_MATCH = [
  '-j DROP',
  '-d 10.0.0.2/32 -j DROP',
  '-d 10.0.0.2 -j DROP',
  '-s 10.9.0.0/16 -d 10.0.0.2/32 -j DROP',
  '! -s 10.9.0.0/16 -d 10.0.0.2/32 -p tcp -j DROP',
  '! -d 10.0.0.3/32 -j DROP',
  '-d 10.0.0.0/8 -j DROP',
  '-d 10.0.0.2/255.0.0.255 -j DROP',
  '-d 10.0.0.2/255.255.255.255 -j DROP',
  '-p tcp -d 10.0.0.2/32 -j DROP',
  '--destination 10.0.0.2 -j DROP',
  '-d 010.0.0.2/32 -j DROP',
  '-m comment --comment "-d 10.0.0.3/32 " -j DROP',
];
/** Options of rules for one other host. */
const CANNOT_MATCH = [
  '-d 10.0.0.3/32 -j DROP',
  '-d 10.0.0.20/32 -p tcp -j DROP',
  '-d 110.0.0.2/32 -j DROP',
  '-s 10.0.0.2/32 -d 10.0.0.255/32 -j DROP',
  '-d 10.0.0.3 -m comment --comment "not -d 10.0.0.2/32" -j DROP',
];

function chainOf(rules: readonly string[], end: string): IptablesChain {
  const lines = [
    '*filter',
    ':FORWARD ACCEPT [0:0]',
    ':A - [0:0]',
    ...rules.map((rule, at) => `${at % 3 === 0 ? '[1:60] ' : ''}-A A ${rule}`),
    'COMMIT',
    '',
  ];
  const bytes = Buffer.from(lines.join(end));
  const chain = parseIptablesSave({ name: 'x', capturedAt: null, bytes }, 4).value.chain('filter', 'A');
  if (chain === undefined) throw new Error('the chain is lost');
  return chain;
}

describe('the rules of a long chain that may match a packet to an address', () => {
  it.each(['\n', '\r\n'])(
    'are all there and in order, others are not, however often it is asked (line end %j)',
    (end) => {
      fc.assert(
        fc.property(
          fc.array(fc.constantFrom(...MAY_MATCH, ...CANNOT_MATCH), { minLength: 16, maxLength: 60 }),
          (rules) => {
            const chain = chainOf(rules, end);
            const expected = rules.flatMap((rule, at) => (MAY_MATCH.includes(rule) ? [at + 4] : []));
            for (let question = 1; question <= 6; question += 1) {
              const found = chain.candidates('10.0.0.2').map((rule) => rule.line);
              // Lines that end in CR LF may be given without need.
              const counted = end === '\n' ? found : found.filter((line) => expected.includes(line));
              expect(counted, `question ${question}`).toEqual(expected);
            }
          },
        ),
        { numRuns: 200 },
      );
    },
  );

  it('are all there when commands put them into another order', () => {
    const rules = Array.from({ length: 40 }, (_, at) => `-A A -d 10.0.0.${at + 1}/32 -j DROP`);
    const text = ['*filter', ':A - [0:0]', ...rules, '-I A 1 -d 10.0.0.2/32 -j ACCEPT', 'COMMIT', ''].join('\n');
    const chain = parseIptablesSave({ name: 'x', capturedAt: null, bytes: Buffer.from(text) }, 4).value.chain(
      'filter',
      'A',
    );
    for (let question = 1; question <= 6; question += 1) {
      expect(chain?.candidates('10.0.0.2').map((rule) => rule.line)).toEqual([43, 4]);
    }
  });
});
