import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFromBits, parseAddress, type Address, type Family } from '../../src/model/address.ts';
import { AddressPermutation } from '../../src/redact/names/address-permutation.ts';

const keyed = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest('hex');
const address = (family: Family): fc.Arbitrary<Address> =>
  fc.bigInt({ min: 0n, max: (1n << (family === 4 ? 32n : 128n)) - 1n }).map((bits) => addressFromBits(family, bits));
const moved = (key: string, text: string): string =>
  new AddressPermutation(keyed(key)).address(parseAddress(text) as Address).text;

/** How many leading bits two addresses share. */
function shared(one: Address, other: Address): number {
  const width = one.family === 4 ? 32 : 128;
  const difference = one.bits ^ other.bits;
  return difference === 0n ? width : width - difference.toString(2).length;
}

describe.each([4, 6] as const)('IPv%i', (family) => {
  it('keeps how many leading bits any two addresses share', () => {
    fc.assert(
      fc.property(
        fc.string(),
        address(family),
        address(family),
        fc.nat(family === 4 ? 31 : 127),
        (key, one, other, bit) => {
          const permutation = new AddressPermutation(keyed(key));
          const near = addressFromBits(family, one.bits ^ (1n << BigInt(bit)));
          for (const second of [other, near, one]) {
            expect(shared(permutation.address(one), permutation.address(second))).toBe(shared(one, second));
          }
        },
      ),
    );
  });

  it('moves a range to the range of its addresses', () => {
    fc.assert(
      fc.property(fc.string(), address(family), fc.nat(family === 4 ? 32 : 128), (key, one, length) => {
        const permutation = new AddressPermutation(keyed(key));
        const prefix = permutation.prefix(one, length);
        expect(shared(prefix, permutation.address(one))).toBeGreaterThanOrEqual(length);
        const host = BigInt((family === 4 ? 32 : 128) - length);
        expect((prefix.bits >> host) << host).toBe(prefix.bits);
      }),
    );
  });
});

it.each([
  '0.0.0.0',
  '127.0.0.1',
  '127.0.0.6',
  '169.254.169.254',
  '224.0.0.1',
  '240.240.1.1',
  '255.255.255.255',
  '::',
  '::1',
  'ff02::1',
])('%s stays', (text) => {
  const keys = fc.sample(fc.string(), 100);
  expect(new Set(keys.map((key) => moved(key, text)))).toEqual(new Set([text]));
});

it.each([
  ['10.1.2.3', /^10\./],
  ['172.17.2.3', /^172\.(?:1[6-9]|2\d|3[01])\./],
  ['192.168.2.3', /^192\.168\./],
  ['100.64.9.9', /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./],
  ['fe80::1', /^fe80::/],
  ['fd12::1', /^fd/],
  ['2001:db8::1', /^[23][0-9a-f]{3}:/],
  ['::ffff:10.0.0.1', /^::ffff:a/],
])('%s stays in its range', (text, range) => {
  for (const key of fc.sample(fc.string(), 100)) expect(moved(key, text)).toMatch(range);
});

it('a mapped IPv4 address holds what the IPv4 address becomes', () => {
  const inner = parseAddress(moved('k', '8.8.4.4')) as Address;
  expect((parseAddress(moved('k', '::ffff:8.8.4.4')) as Address).bits & 0xffffffffn).toBe(inner.bits);
});

it('is another one for another key', () => {
  expect(moved('one', '203.0.113.77')).not.toBe(moved('other', '203.0.113.77'));
});
