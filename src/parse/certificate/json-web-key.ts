import type { VerifySignature } from '../../model/signature.ts';

/** Hash functions by the last three digits of an algorithm; any other takes the first (jwt_verify_lib/verify.cc). */
const HASHES: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' };
const ED25519_BYTES = 64;

/**
 * Verifies the signature of a JSON Web Token with a key of type RSA, EC, OKP (Ed25519) or oct as Envoy does (jwt_verify_lib/verify.cc):
 * the type of the key tells how, and the algorithm of the token the hash function. Never throws.
 */
export const verifySignature: VerifySignature = (key, algorithm, signed, signature) => {
  if (typeof key !== 'object' || key === null || !('kty' in key)) return null;
  // oxlint-disable-next-line no-restricted-globals -- loading it with every start would cost each command a tenth of its time
  const crypto = process.getBuiltinModule('node:crypto');
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = crypto.constants;
  const data = Buffer.from(signed, 'latin1');
  const family = algorithm.slice(0, 2);
  const hash = HASHES[algorithm.slice(2)] ?? 'sha256';
  try {
    if (key.kty === 'oct') {
      if (!('k' in key) || typeof key.k !== 'string') return null;
      const made = crypto
        .createHmac(family === 'HS' ? hash : 'sha256', Buffer.from(key.k, 'base64url'))
        .update(data)
        .digest();
      return made.equals(signature);
    }
    const own = crypto.createPublicKey({ key: { ...key, kty: String(key.kty) }, format: 'jwk' });
    switch (own.asymmetricKeyType) {
      case 'rsa':
        if (family === 'RS') return crypto.verify(hash, data, own, signature);
        // The salt is as long as the hash (RFC 7518, 3.5): BoringSSL takes no other.
        return family === 'PS' && crypto.verify(hash, data, { key: own, padding, saltLength }, signature);
      case 'ec':
        return crypto.verify(
          family === 'ES' ? hash : 'sha256',
          data,
          { key: own, dsaEncoding: 'ieee-p1363' },
          signature,
        );
      case 'ed25519':
        return signature.length === ED25519_BYTES ? crypto.verify(null, data, own, signature) : 'length';
      default:
        return null;
    }
  } catch {
    return null;
  }
};
