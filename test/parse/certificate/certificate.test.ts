import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../src/parse/certificate/certificate.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../fixtures/certificates/${name}`, import.meta.url), 'utf8');
const validity = {
  notBefore: new Date('2026-11-21T08:21:54Z'),
  notAfter: new Date('2036-11-18T08:21:54Z'),
};

describe('parseCertificate', () => {
  it.each([
    ['ca.pem', { ...validity, isAuthority: true, serialNumber: 'ab12', trustDomain: '' }],
    ['leaf.pem', { ...validity, isAuthority: false, serialNumber: '7f', trustDomain: 'cluster.local' }],
  ])('reads %s as openssl does', (name, expected) => {
    expect(parseCertificate(read(name))).toEqual(expected);
  });

  it('reads the first of several', () => {
    expect(parseCertificate(read('leaf.pem') + read('ca.pem'))?.serialNumber).toBe('7f');
  });

  it.each(['', 'junk', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'finds none in %j',
    (text) => {
      expect(parseCertificate(text)).toBeUndefined();
    },
  );

  it('never throws on a damaged one', () => {
    const bytes = Buffer.from(read('ca.pem').split('\n').slice(1, -2).join(''), 'base64');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        const damaged = Buffer.from(bytes.subarray(0, length));
        if (at < length) damaged[at] = value;
        const pem = `-----BEGIN CERTIFICATE-----\n${damaged.toString('base64')}\n-----END CERTIFICATE-----\n`;
        expect(() => parseCertificate(pem)).not.toThrow();
      }),
    );
  });
});
