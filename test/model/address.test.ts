import fc from 'fast-check';
import { isIPv4 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parseAddress, parsePrefix } from '../../src/model/address.ts';

const octet = fc.oneof(
  fc.nat({ max: 300 }).map(String),
  fc.constantFrom('00', '01', '', ' 1', '1 ', '-1', '1e1', '0x1'),
);

describe('parseAddress', () => {
  it('takes the dotted texts that Node takes, as they stand', () => {
    const texts = fc.array(octet, { minLength: 3, maxLength: 5 }).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(texts, (text) => {
        expect(parseAddress(text)?.text).toBe(isIPv4(text) ? text : undefined);
      }),
    );
  });

  it('gives an IPv4 address the value of its four bytes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 0xff_ff_ff_ff }), (bits) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(bits);
        expect(parseAddress(bytes.join('.'))).toEqual({ family: 4, text: bytes.join('.'), bits: BigInt(bits) });
      }),
    );
  });

  it.each([
    ['FD00:0:0::01', 'fd00::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ])('reads IPv6 %s as %s', (text, canonical) => {
    expect(parseAddress(text)).toMatchObject({ family: 6, text: canonical });
  });

  it.each(['', 'reviews', '10.0.0.1.', '10.0.0.1/32', '10.0.0', 'fd00:::1', '٣.0.0.1'])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });
});

describe('parsePrefix', () => {
  it.each([
    ['10.1.2.3/8', 0x0a_00_00_00n, 0xff_00_00_00n],
    ['10.1.2.3/255.0.255.0', 0x0a_00_02_00n, 0xff_00_ff_00n],
    ['10.1.2.3', 0x0a_01_02_03n, 0xff_ff_ff_ffn],
    ['0.0.0.0/0', 0n, 0n],
  ])('reads %s', (text, bits, mask) => {
    expect(parsePrefix(text)).toEqual({ family: 4, bits, mask });
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/fd00::', '/8'])('refuses %s', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });
});
