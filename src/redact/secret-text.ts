/** Secrets inside texts of any kind: found by their own shape, or by the name that stands before them. */
import { bareName, isSecretName } from './names-of-secrets.ts';

/** What takes the place of a secret. */
export type Hide = (secret: string) => string;

/** Longest text that is looked at word by word; a longer one is taken out whole. */
const TEXT_LIMIT = 4 * 1024 * 1024;

/**
 * Shapes that no other thing has. Each is linear: no quantifier stands inside another one, and each begins with fixed letters or is
 * anchored to what stands before it.
 */
const SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?/g,
  // JSON Web Tokens and JSON Web Encryption: a header that begins with {" in base64url
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){0,3}/g,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b[spr]k_(?:live|test)_[A-Za-z0-9]{10,}|\bsk-[A-Za-z0-9_-]{32,}|\bhv[sb]\.[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{30,}/g,
  /\bAIza[A-Za-z0-9_-]{20,}/g,
  /\bya29\.[A-Za-z0-9_-]{10,}/g,
  // the standard base64 of "-----BEGIN … PRIVATE KEY": keys in Secrets and in kubeconfig files
  /\bLS0tLS1CRUdJTi[A-Za-z0-9+/=]*(?:UFJJVkFUR|QUklWQVRF|BSSVZBVE)[A-Za-z0-9+/=]*/g,
];

/** A scheme of HTTP authentication and what follows it (RFC 9110, section 11.4). */
const SCHEME =
  /\b(Bearer|Basic|Digest|Negotiate|NTLM|ApiKey|Token|AWS4-HMAC-SHA256)([ \t]{1,4})([A-Za-z0-9+/=._~:-]{6,}[^\s"'<>]{0,2000})/gi;
/** User and password of a URL (RFC 3986, section 3.2.1). */
const USER_INFO = /(\/\/)([^\s/@"'<>?#]{1,512})(@)/g;
/** `name=value`, `name: value`, `"name": "value"`, `--name value`. */
const NAMED =
  /([A-Za-z0-9_.-]{2,80})(["']?[ \t]{0,8}(?:=|:|=>)[ \t]{0,8}|[ \t]{1,4}(?=[^\s=:]))("[^"\n]{1,4000}"|'[^'\n]{1,4000}'|[^\s"',;&|()<>{}[\]]{1,4000})/g;

/**
 * Takes secrets out of a text: what has the shape of one, follows a name of one, or is known as one.
 * @param known secrets that stand elsewhere in the snapshot
 */
export function hideInText(text: string, hide: Hide, known: ReadonlySet<string>): string {
  if (text.length < 4) return text;
  if (text.length > TEXT_LIMIT) return hide(text);
  const found = MAY_HOLD.test(text) ? hideFound(text, hide) : text;
  return known.size === 0 ? found : hideKnown(found, hide, known);
}

/** Some part of every shape, scheme and name below: most texts of a cluster hold none of them. */
const MAY_HOLD =
  /eyJ|-----B|A[KSB]IA|ACCA|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|k_(?:live|test)_|sk-|hv[sb]\.|npm_|AIza|ya29|LS0tLS1CRUdJTi|\/\/[^/]{1,512}@|(?:bearer|basic|digest|negotiate|ntlm|apikey|token|aws4-hmac-sha256)[ \t]|(?:pass|pwd|secret|cred|key|hmac|session|token|dsn|pin|kubeconfig|connection.?string|docker|bearer).{0,80}[:= \t]/is;

function hideFound(text: string, hide: Hide): string {
  let result = text;
  for (const shape of SHAPES) result = result.replace(shape, (secret) => hide(secret));
  result = result.replace(SCHEME, (_, scheme: string, space: string, secret: string) =>
    isWord(secret) ? `${scheme}${space}${secret}` : `${scheme}${space}${hide(secret)}`,
  );
  result = result.replace(USER_INFO, (_, before: string, user: string, after: string) => before + hide(user) + after);
  return hideNamed(result, hide);
}

/** `Token based`, `basic health`: prose. */
function isWord(text: string): boolean {
  return /^[a-z]+[.,]?$|^[A-Z]?[a-z]+$/.test(text);
}

function hideNamed(text: string, hide: Hide): string {
  return text.replace(NAMED, (whole, name: string, between: string, value: string) => {
    // Words that merely follow each other name nothing, unless the first is a flag.
    const quote = /^["']/.test(value) ? value.charAt(0) : '';
    const inner = quote === '' ? value : value.slice(1, -1);
    const spaced = /^[ \t]+$/.test(between) && !name.startsWith('-');
    if (spaced || !isSecretName(name)) {
      return quote === '' ? whole : `${name}${between}${quote}${hideNamed(inner, hide)}${quote}`;
    }
    return isNoSecret(inner) || inner.startsWith('REDACTED-')
      ? whole
      : `${name}${between}${quote}${hide(inner)}${quote}`;
  });
}

/** `true`, `null`, a reference to a variable, a path. */
function isNoSecret(value: string): boolean {
  return /^(?:true|false|null|none|nil|~|\$\(?\{?[A-Za-z_]\w*\}?\)?|\/(?:var|etc|run)\/[\w./-]*)$/i.test(value);
}

/** Words as a secret would be one. */
const WORD = /[A-Za-z0-9+/=_.~!@#$%^&*-]{8,}/g;

function hideKnown(text: string, hide: Hide, known: ReadonlySet<string>): string {
  if (known.has(text)) return hide(text);
  return text.replace(WORD, (word) => {
    if (known.has(word)) return hide(word);
    // `name=secret`, `a/secret/b`: the secret may stand between separators that could also be part of one
    const parts = word.split(/[=/:.@&]+/);
    if (parts.length < 2 || !parts.some((part) => known.has(part))) return word;
    return parts.reduce((rest, part) => (known.has(part) ? rest.replaceAll(part, () => hide(part)) : rest), word);
  });
}

/** Whether a value looks as if nobody had chosen it by hand, so that the same text elsewhere is the same secret. */
export function looksRandom(value: string): boolean {
  if (value.length < 12 || value.length > 4096 || /\s/.test(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  return kinds >= 3 || (kinds === 2 && /\d/.test(value) && value.length >= 16 && !/[./:]/.test(value));
}

/** Whether the secret may be looked for elsewhere: not a word that stands in every document. */
export function isDistinctive(value: string): boolean {
  return (
    value.length >= 8 &&
    value.length <= 4096 &&
    !/^[a-z]+$|^[A-Z]?[a-z]+$|^\d+$/.test(value) &&
    bareName(value).length >= 6
  );
}

const CERTIFICATES =
  /^\s*(?:-----BEGIN (CERTIFICATE|TRUSTED CERTIFICATE|X509 CRL|PUBLIC KEY)-----[A-Za-z0-9+/=\s]*-----END \1-----\s*)+$/;

/** Members of a JSON Web Key that everybody may know (RFC 7517, section 4; RFC 7518, section 6; RFC 8037). */
const PUBLIC_MEMBERS = new Set([
  'kty',
  'use',
  'key_ops',
  'alg',
  'kid',
  'x5c',
  'x5t',
  'x5t#S256',
  'n',
  'e',
  'crv',
  'x',
  'y',
]);
const KEY_PAIRS = new Set<unknown>(['RSA', 'EC', 'OKP']);

/** Whether a text is public keys and nothing else: a JSON Web Key Set without a private or a symmetric one. */
export function isPublicKeySet(text: string): boolean {
  if (!/^\s*\{\s*"keys"\s*:/.test(text)) return false;
  try {
    const set: unknown = JSON.parse(text);
    if (typeof set !== 'object' || set === null || !('keys' in set) || Object.keys(set).length > 1) return false;
    return Array.isArray(set.keys) && set.keys.every(isPublicKey);
  } catch {
    return false;
  }
}

function isPublicKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null || !('kty' in key) || !KEY_PAIRS.has(key.kty)) return false;
  const isText = (value: unknown): boolean => typeof value === 'string';
  return Object.entries(key).every(
    ([name, value]) => PUBLIC_MEMBERS.has(name) && (isText(value) || (Array.isArray(value) && value.every(isText))),
  );
}

/** Whether a text is certificates and nothing else, as PEM or as base64 of it: they are public. */
export function isCertificate(text: string): boolean {
  if (CERTIFICATES.test(text)) return true;
  if (!text.startsWith('LS0tLS1CRUdJTi') || !/^[A-Za-z0-9+/=\s]+$/.test(text)) return false;
  return CERTIFICATES.test(Buffer.from(text, 'base64').toString('latin1'));
}
