import type { Cursor } from '../../../../../model/json.ts';
import { isMessage } from '../../../../../model/protobuf-message.ts';

/** A JSON Web Token, whoever signed it. */
export interface Token {
  readonly algorithm: string;
  /** `kid`; `''`: it names none. */
  readonly keyId: string;
  /** `iss`; `''`: it has none. */
  readonly issuer: string;
  /** `sub`; `''`: it has none. */
  readonly subject: string;
  readonly audiences: readonly string[];
  /** Seconds since 1970; null: it has none. */
  readonly notBefore: number | null;
  readonly expires: number | null;
  readonly header: Fields;
  readonly claims: Fields;
  /** The claims as the token holds them, in base64url. */
  readonly payload: string;
  /** What is signed: header and claims as they stand there. */
  readonly signed: string;
  readonly signature: Uint8Array;
}

/** A JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** A token that a provider has accepted. */
export interface AcceptedToken {
  readonly provider: Cursor;
  readonly token: Token;
  readonly place: TokenPlace;
}

/** Where a request carries a token. */
export interface TokenPlace {
  readonly kind: 'header' | 'parameter' | 'cookie';
  readonly name: string;
}

/** Envoy's words for what is wrong with a token (jwt_verify_lib/status.cc, getStatusString). */
export const WORDS = {
  missing: 'Jwt is missing',
  form: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  headerEncoding: 'Jwt header is an invalid Base64url encoded',
  headerJson: 'Jwt header is an invalid JSON',
  algorithm: 'Jwt header [alg] field is required and must be a string',
  otherAlgorithm: 'Jwt header [alg] is not supported',
  payloadEncoding: 'Jwt payload is an invalid Base64url encoded',
  payloadJson: 'Jwt payload is an invalid JSON',
  signatureEncoding: 'Jwt signature is an invalid Base64url encoded',
  issuer: 'Jwt issuer is not configured',
  early: 'Jwt not yet valid',
  expired: 'Jwt is expired',
  audience: 'Audiences in Jwt are not allowed',
  noKey: "Jwks doesn't have key to match kid or alg from Jwt",
  unverified: 'Jwt verification fails',
  edwardsLength: 'Jwt ED25519 signature is wrong length',
} as const;

const ALGORITHMS = /^(?:[EHPR]S(?:256|384|512)|EdDSA)$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
/** absl::ascii_isspace */
const BLANKS = /[\t-\r ]/g;

/**
 * Reads a token in the compact form (RFC 7519; jwt_verify_lib/jwt.cc, Jwt::parseFromStringInternal). Its signature is not verified here.
 * @returns the reason why Envoy refuses it whoever signed it; undefined: what Envoy makes of it is not known
 */
export function readToken(text: string): Token | { readonly refused: string } | undefined {
  const sections = text.split('.');
  const [header = '', payload = '', signature = ''] = sections;
  if (sections.length !== 3) return { refused: WORDS.form };
  const head = decode(header, WORDS.headerEncoding, WORDS.headerJson);
  if ('refused' in head) return head;
  const { alg, kid = '' } = head.object;
  if (typeof alg !== 'string') return { refused: WORDS.algorithm };
  if (!ALGORITHMS.test(alg)) return { refused: WORDS.otherAlgorithm };
  const body = decode(payload, WORDS.payloadEncoding, WORDS.payloadJson);
  if ('refused' in body) return body;
  const { iss = '', sub = '', jti = '', aud = [], iat = 0, nbf = 0, exp = 0 } = body.object;
  const audiences = typeof aud === 'string' ? [aud] : aud;
  // What Envoy says of claims of another type is not held against it.
  if (![kid, iss, sub, jti].every(isText) || ![iat, nbf, exp].every(isTime) || !isTexts(audiences)) return undefined;
  const end = bytesOf(signature);
  if (end === null) return { refused: WORDS.signatureEncoding };
  return {
    algorithm: alg,
    keyId: String(kid),
    issuer: String(iss),
    subject: String(sub),
    audiences,
    notBefore: nbf === 0 ? null : Number(nbf),
    expires: exp === 0 ? null : Number(exp),
    header: head.object,
    claims: body.object,
    payload,
    signed: `${header}.${payload}`,
    signature: end,
  };
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

type Decoded = { readonly object: Fields } | { readonly refused: string };

function decode(section: string, encoding: string, json: string): Decoded {
  const bytes = bytesOf(section);
  if (bytes === null) return { refused: encoding };
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return isMessage(value) ? { object: value } : { refused: json };
  } catch {
    return { refused: json };
  }
}

/** absl::WebSafeBase64Unescape: blanks count for nothing, and padding may be left out, or be what is missing. @returns null: it does not decode */
function bytesOf(section: string): Buffer | null {
  const bare = section.replaceAll(BLANKS, '');
  const digits = bare.replace(/=*$/, '');
  const padding = bare.slice(digits.length);
  const missing = (4 - (digits.length % 4)) % 4;
  const isPadded = padding === '' || padding.length === missing;
  if (!BASE64URL.test(digits) || missing === 3 || !isPadded) return null;
  return Buffer.from(digits, 'base64url');
}
