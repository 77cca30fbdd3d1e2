import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { share } from '../../../../../src/evaluate/proxies/envoy/http/random-value.ts';

const constraint = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(60), fc.nat(60)).map(([modulus, one, other]) => ({
  modulus,
  from: Math.min(one, other, modulus),
  to: Math.min(Math.max(one, other), modulus),
}));

describe('share', () => {
  it('is what counting gives', () => {
    fc.assert(
      fc.property(fc.array(constraint, { maxLength: 3 }), (constraints) => {
        const all = constraints.reduce((product, { modulus }) => product * modulus, 1);
        let count = 0;
        for (let value = 0; value < all; value++)
          if (constraints.every((one) => value % one.modulus >= one.from && value % one.modulus < one.to)) count++;
        expect(share(constraints)).toBeCloseTo(count / all, 12);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it.each([
    ['nothing to satisfy', [], 1],
    ['nothing left', [{ modulus: 100, from: 5, to: 5 }], 0],
    [
      'coprime moduli too large to count',
      [
        { modulus: 1_000_000, from: 0, to: 500_000 },
        { modulus: 999_983, from: 0, to: 999_983 - 1 },
      ],
      0.5 * (999_982 / 999_983),
    ],
    [
      'large moduli with a common divisor',
      [
        { modulus: 1_000_000, from: 0, to: 500_000 },
        { modulus: 3_000_000, from: 0, to: 1_500_000 },
      ],
      0.5 - 1 / 6,
    ],
  ])('%s', (_, constraints, expected) => {
    expect(share(constraints)).toBeCloseTo(expected, 9);
  });
});
