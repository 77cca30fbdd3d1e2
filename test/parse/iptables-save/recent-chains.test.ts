import { expect, it } from 'vitest';
import { parseIptablesSave } from '../../../src/parse/iptables-save/iptables-save.ts';

const CHAINS = Array.from({ length: 300 }, (_, index) => `KUBE-SVC-${index}`);

it('reads chains again that were asked for long ago, and tells each line that is not understood once', () => {
  const text = [
    '*nat',
    ...CHAINS.map((chain) => `:${chain} - [0:0]`),
    ...CHAINS.map((chain, index) => `-A ${chain} ${index % 5 === 0 ? `-m strange --of ${index} ` : ''}-j RETURN`),
    'COMMIT',
    '',
  ].join('\n');
  const { value, gaps } = parseIptablesSave({ name: 'x', capturedAt: null, bytes: Buffer.from(text) }, 4);
  const read = () =>
    CHAINS.map((chain) => [...(value.chain('nat', chain)?.rules() ?? [])].map(({ matches }) => matches));
  const first = read();
  expect(first[5]).toEqual([[{ kind: 'unknown', extension: 'strange', tokens: ['--of', '5'] }]]);
  expect(read()).toEqual(first);
  expect(value.chain('nat', 'KUBE-SVC-300')).toBeUndefined();
  expect(gaps.map(({ line }) => line)).toEqual(CHAINS.flatMap((_, index) => (index % 5 === 0 ? [index + 302] : [])));
});
