/**
 * Whether a key has made a signature.
 * @param key a JSON Web Key (RFC 7517) as it was parsed
 * @param algorithm `RS256`, `ES384` … (RFC 7518, 3.1), which need not suit the key
 * @param signed the text that was signed
 * @returns `length`: no signature of this type of key is as long; null: the key cannot be read
 */
export type VerifySignature = (
  key: unknown,
  algorithm: string,
  signed: string,
  signature: Uint8Array,
) => boolean | 'length' | null;
