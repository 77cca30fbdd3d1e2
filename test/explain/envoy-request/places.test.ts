/** Requests are taken to come from one place and to get to one only where they say so in the same words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeKey } from '../../../src/explain/envoy-request/places.ts';

const word = fc.option(fc.string({ unit: fc.constantFrom('a', '1', ':', '-'), maxLength: 4 }), { nil: undefined });
const place = fc.record({ listener: word, address: word, source: word });
const pair = fc.oneof(
  fc.tuple(place, place),
  place.map((one) => [one, { ...one }] as const),
);

describe('the place of a request', () => {
  it('is another where a word is', () => {
    let same = 0;
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const alike = one.listener === other.listener && one.address === other.address && one.source === other.source;
        if (alike) same++;
        return (placeKey(one) === placeKey(other)) === alike;
      }),
      { numRuns: 5000 },
    );
    expect(same).toBeGreaterThan(1000);
  });

  it('does not hang on the rest of a request', () => {
    const asked = { address: '10.0.0.1:80', source: '10.0.0.2' };
    expect(placeKey({ ...asked, host: 'a', path: '/a', method: 'POST', headers: { a: 'b' } })).toBe(placeKey(asked));
  });

  it.each([
    { tls: false },
    { sni: null },
    { alpn: [] },
    { identity: '' },
    { proxied: '10.0.0.3:1' },
    { listener: null },
    { address: 80 },
    { source: ['10.0.0.2'] },
  ])('is not told by words with %o', (more) => {
    expect(placeKey({ address: '10.0.0.1:80', ...more })).toBeNull();
  });
});
