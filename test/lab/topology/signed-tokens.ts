import { generateKeyPairSync, sign } from 'node:crypto';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const TOKEN_ISSUER = 'issuer@example.test';
/** A rule of a RequestAuthentication that accepts the tokens of {@link signedToken}. */
export const SIGNED_TOKENS = {
  issuer: TOKEN_ISSUER,
  jwks: JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }),
} as const;

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** A token of {@link TOKEN_ISSUER}. @param claims beside `iss` */
export function signedToken(claims: object): string {
  const input = [{ alg: 'RS256' }, { iss: TOKEN_ISSUER, ...claims }].map(encode).join('.');
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}
