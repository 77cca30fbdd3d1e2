import { describe, expect, it } from 'vitest';
import { verifySignature } from '../../../src/parse/certificate/json-web-key.ts';

const JOE = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

/** Examples of RFC 7515 (appendices A.1 and A.3) and RFC 8037 (appendix A.4). */
const EXAMPLES: readonly (readonly [string, object, string])[] = [
  [
    'HS256',
    { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' },
    `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  ],
  [
    'ES256',
    {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    `eyJhbGciOiJFUzI1NiJ9.${JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  ],
  [
    'EdDSA',
    { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  ],
];

function verify(key: unknown, algorithm: string, token: string): boolean | 'length' | null {
  const end = token.lastIndexOf('.');
  return verifySignature(key, algorithm, token.slice(0, end), Buffer.from(token.slice(end + 1), 'base64url'));
}

describe('a signature', () => {
  it.each(EXAMPLES)('%s, as the standards have it', (algorithm, key, token) => {
    expect(verify(key, algorithm, token)).toBe(true);
    expect(verify(key, algorithm, token.replace('.', '.A'))).toBe(false);
  });

  it('of another length than a key of Ed25519 makes', () => {
    const [, [, , elliptic] = ['', {}, ''], [, key] = ['', {}, '']] = EXAMPLES;
    expect(verify(key, 'EdDSA', `${elliptic}AA`)).toBe('length');
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'key'],
    ['no type', {}],
    ['an unknown type', { kty: 'XYZ' }],
    ['a key without its parts', { kty: 'RSA', n: 'AQAB' }],
    ['a point that is not on the curve', { kty: 'EC', crv: 'P-256', x: 'AQ', y: 'AQ' }],
    ['a secret that is none', { kty: 'oct', k: 1 }],
  ])('is not judged by a key that cannot be read: %s', (_, key) => {
    expect(verify(key, 'RS256', EXAMPLES[0]?.[2] ?? '')).toBe(null);
  });
});
