import { rsaSigner, signToken } from '../../tokens.ts';

const SIGNER = rsaSigner('RS256');
export const TOKEN_ISSUER = 'issuer@example.test';
/** A rule of a RequestAuthentication that accepts the tokens of {@link signedToken}. */
export const SIGNED_TOKENS = { issuer: TOKEN_ISSUER, jwks: JSON.stringify({ keys: [SIGNER.key] }) } as const;

/** A token of {@link TOKEN_ISSUER}. @param claims beside `iss` */
export function signedToken(claims: object): string {
  return signToken(SIGNER, { iss: TOKEN_ISSUER, ...claims });
}
