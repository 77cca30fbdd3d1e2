import { expect, it } from 'vitest';
import { Hiding } from '../../src/redact/hiding.ts';

const RSA = { kty: 'RSA', kid: 'k', alg: 'RS256', use: 'sig', n: 'AQAB', e: 'AQAB' };
const set = (...keys: unknown[]): string => JSON.stringify({ keys });

function kept(text: string, keepCertificates = true): boolean {
  return new Hiding(() => '0123456789abcdef'.repeat(2), keepCertificates).value(text, true) === text;
}

it.each<[string, string]>([
  ['of RSA', set(RSA)],
  [
    'of several kinds',
    ` ${set(RSA, { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ' }, { kty: 'OKP', x: 'AQ', x5c: ['AQ'] })}`,
  ],
])('keeps a set of public keys: %s', (_, text) => {
  expect(kept(text)).toBe(true);
  expect(kept(text, false)).toBe(false);
});

it.each<[string, string]>([
  ['a private key', set({ ...RSA, d: 'AQ' })],
  ['a private key beside a public one', set(RSA, { ...RSA, p: 'AQ' })],
  ['a symmetric key', set({ kty: 'oct', k: 'AQ' })],
  ['a symmetric key that says that it is another', set({ kty: 'RSA', k: 'AQ' })],
  ['something beside the keys', JSON.stringify({ keys: [RSA], secret: 'x' })],
  ['something that is no key', set('secret')],
  ['a member that is no text', set({ ...RSA, kid: { secret: 'x' } })],
  ['a member that is a list of other things', set({ ...RSA, x5c: [{ secret: 'x' }] })],
  ['no list', JSON.stringify({ keys: 'secret' })],
  ['no JSON', '{"keys": secret'],
])('takes out what holds %s', (_, text) => {
  expect(kept(text)).toBe(false);
});
