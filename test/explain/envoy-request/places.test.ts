/** Requests are taken to come from one place and to get to one only where they say so in the same words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlain, Places } from '../../../src/explain/envoy-request/places.ts';
import type { Place } from '../../../src/explain/envoy-request/places.ts';

const CONNECTION: Place['opened']['connection'] = {
  localAddress: '127.0.0.1',
  localPort: 80,
  originalAddress: '127.0.0.1',
  originalPort: 80,
  remoteAddress: '127.0.0.1',
  remotePort: null,
  request: { protocol: 'tcp', http: null, tls: null },
};

const word = fc.option(fc.string({ unit: fc.constantFrom('a', '1', ':', '-'), maxLength: 4 }), { nil: undefined });
const place = fc.record({ listener: word, address: word, source: word });
const pair = fc.oneof(
  fc.tuple(place, place),
  place.map((one) => [one, { ...one }] as const),
);

const HERE: Place = {
  opened: { connection: CONNECTION, arrival: { outcomes: [], context: null }, socket: null },
  authority: 'a',
};

describe('the place of a request', () => {
  it('is another where a word is', () => {
    let same = 0;
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const alike = one.listener === other.listener && one.address === other.address && one.source === other.source;
        if (alike) same++;
        const places = new Places();
        places.set(one, HERE);
        return (places.get(other) === HERE) === alike;
      }),
      { numRuns: 5000 },
    );
    expect(same).toBeGreaterThan(1000);
  });

  it('is like that of the same client for the same port of another address', () => {
    const places = new Places();
    const asked = { listener: undefined, source: '10.0.0.2', address: '10.0.0.1:80' };
    places.set(asked, HERE);
    expect(places.like({ ...asked, address: '10.0.0.9:80' })).toBe(HERE);
    expect(places.like({ ...asked, address: '10.0.0.9:81' })).toBeUndefined();
    expect(places.like({ ...asked, source: undefined, address: '10.0.0.9:80' })).toBeUndefined();
  });

  it('is like no other where a listener is named', () => {
    const places = new Places();
    const asked = { listener: 'l', source: undefined, address: '10.0.0.1:80' };
    places.set(asked, HERE);
    expect(places.like({ ...asked, address: '10.0.0.9:80' })).toBeUndefined();
  });

  it('does not hang on the rest of a request', () => {
    const asked = { address: '10.0.0.1:80', source: '10.0.0.2' };
    expect(isPlain({ ...asked, host: 'a', path: '/a', method: 'POST', headers: { a: 'b' } })).toBe(true);
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
    expect(isPlain({ address: '10.0.0.1:80', ...more })).toBe(false);
  });
});
