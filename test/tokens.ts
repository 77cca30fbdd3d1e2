import { constants, createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** Who signs tokens, and what a proxy needs to know of it. */
export interface Signer {
  readonly algorithm: string;
  /** A JSON Web Key (RFC 7517), with `kid` and `alg`. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly sign: (input: string) => string;
}

function asymmetric(
  algorithm: string,
  kid: string,
  pair: { publicKey: KeyObject; privateKey: KeyObject },
  saltLength: number = constants.RSA_PSS_SALTLEN_DIGEST,
): Signer {
  const hash = algorithm === 'EdDSA' ? null : `sha${algorithm.slice(2)}`;
  const how = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    : { dsaEncoding: 'ieee-p1363' as const };
  return {
    algorithm,
    key: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg: algorithm },
    sign: (input) =>
      sign(hash, Buffer.from(input), {
        key: createPrivateKey(pair.privateKey.export({ format: 'pem', type: 'pkcs8' })),
        ...how,
      }).toString('base64url'),
  };
}

/** @param saltLength bytes, of PS256 and its like */
export function rsaSigner(algorithm: string, kid = algorithm, saltLength?: number): Signer {
  return asymmetric(algorithm, kid, generateKeyPairSync('rsa', { modulusLength: 2048 }), saltLength);
}

export function ellipticSigner(algorithm: string, namedCurve: string): Signer {
  return asymmetric(algorithm, algorithm, generateKeyPairSync('ec', { namedCurve }));
}

export function edwardsSigner(): Signer {
  return asymmetric('EdDSA', 'EdDSA', generateKeyPairSync('ed25519'));
}

export function secretSigner(algorithm: string, secret: string): Signer {
  const k = Buffer.from(secret).toString('base64url');
  return {
    algorithm,
    key: { kty: 'oct', k, kid: algorithm, alg: algorithm },
    sign: (input) =>
      createHmac(`sha${algorithm.slice(2)}`, secret)
        .update(input)
        .digest('base64url'),
  };
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token in the compact form. @param header beside `alg` and `kid` */
export function signToken(signer: Signer, claims: object | string, header: object | string = {}): string {
  const head = typeof header === 'string' ? header : { alg: signer.algorithm, kid: signer.key['kid'], ...header };
  const input = `${encode(head)}.${encode(claims)}`;
  return `${input}.${signer.sign(input)}`;
}

/** A well-formed token that nobody has signed. @param header beside `alg` */
export function unsignedToken(claims: object, header: object = {}): string {
  return signToken({ algorithm: 'RS256', key: {}, sign: () => encode('nobody') }, claims, header);
}
