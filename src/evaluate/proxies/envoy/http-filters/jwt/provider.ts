import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { holdsRedacted } from '../../../../../model/redaction.ts';
import { queryParameters } from '../../http/path.ts';
import type { RequestView } from '../../http/request-view.ts';
import { field, unknown, unknownField } from '../../proto-json.ts';
import { isUnknown } from '../../truth.ts';
import { lacksKey } from './keys.ts';
import { readToken, WORDS, type Token } from './token.ts';

/** What becomes of a request that must bring a token of one provider. */
export type TokenVerdict =
  | { readonly kind: 'ok' }
  | {
      readonly kind: 'refused';
      /** Envoy's words, which stand in the answer. */
      readonly words: string;
      /** What else there is to say, one clause. */
      readonly because: string | null;
    };

const KNOWN = new Set([
  'issuer',
  'audiences',
  'local_jwks',
  'remote_jwks',
  'from_headers',
  'from_params',
  'from_cookies',
  'forward',
  'forward_payload_header',
  'pad_forward_payload_header',
  'payload_in_metadata',
  'header_in_metadata',
  'failed_status_in_metadata',
  'normalize_payload_in_metadata',
  'clock_skew_seconds',
  'claim_to_headers',
  'clear_route_cache',
  'jwt_cache_config',
]);
const DEFAULT_SKEW = 60;
const AFTER_PREFIX = /[A-Za-z0-9_.-]+/;

/**
 * Judges the token that a provider finds in a request as its AuthenticatorImpl does (source/extensions/filters/http/jwt_authn/authenticator.cc
 * startVerify), but for the signature.
 * @param audiences those that the requirement demands instead of the provider's
 * @param seenAt RFC 3339 time that counts; null: not known
 * @returns `unknown` for a token that passes all that is looked at
 */
export function judgeProvider(
  provider: Cursor,
  audiences: readonly string[] | null,
  request: RequestView,
  seenAt: string | null,
): TokenVerdict | Unknown {
  const beyond = unknownField(provider, KNOWN);
  if (beyond !== undefined) return beyond;
  const tokens = tokensOf(provider, request);
  if (isUnknown(tokens)) return tokens;
  const [text, ...others] = tokens;
  if (text === undefined) return refused(WORDS.missing);
  const open = unknown('whether the request carries a token that the proxy accepts is not known', provider);
  if (others.length > 0 || holdsRedacted(text)) return open;
  const token = readToken(text);
  if (token === undefined) return open;
  if ('refused' in token) return refused(token.refused);
  const issuer = field(provider, 'issuer').string() ?? '';
  if (issuer !== '' && token.issuer !== issuer) return refused(WORDS.issuer);
  const untimely = timeProblem(provider, token, seenAt);
  if (untimely === undefined) return open;
  if (untimely !== null) return refused(untimely);
  const allowed = audiences ?? field(provider, 'audiences').strings();
  if (!hasAudience(allowed, token)) return refused(WORDS.audience);
  const keyless = lacksKey(provider, token);
  if (keyless === null) return open;
  const { words, unfetched } = keyless;
  return refused(words, unfetched ? 'istiod could not fetch the keys, and gave the proxy one that nobody has' : null);
}

function refused(words: string, because: string | null = null): TokenVerdict {
  return { kind: 'refused', words, because };
}

/**
 * The tokens that a provider finds: one that names no place reads `Authorization: Bearer` and the parameter access_token
 * (source/extensions/filters/http/jwt_authn/extractor.cc).
 */
export function tokensOf(provider: Cursor, request: RequestView): readonly string[] | Unknown {
  const headers = field(provider, 'from_headers').items();
  const parameters = field(provider, 'from_params').strings();
  const cookies = field(provider, 'from_cookies').strings();
  const byDefault = headers.length === 0 && parameters.length === 0 && cookies.length === 0;
  const places = byDefault
    ? [{ name: 'authorization', prefix: 'Bearer ' }]
    : headers.map((header) => ({
        name: (field(header, 'name').string() ?? '').toLowerCase(),
        prefix: field(header, 'value_prefix').string() ?? '',
      }));
  const tokens: string[] = [];
  for (const { name, prefix } of places) {
    const value = request.headers.get(name);
    if (isUnknown(value)) return value;
    const token = value === null ? null : behindPrefix(value, prefix);
    if (token !== null) tokens.push(token);
  }
  const given = queryParameters(request.path);
  for (const name of byDefault ? ['access_token'] : parameters) {
    const value = given.get(name);
    if (value !== undefined) tokens.push(value);
  }
  if (cookies.length > 0 && request.headers.get('cookie') !== null)
    return unknown('tokens in cookies are not read', field(provider, 'from_cookies'));
  return tokens;
}

/** The prefix may stand anywhere in the value (extractor.cc, extractJWT). */
function behindPrefix(value: string, prefix: string): string | null {
  if (prefix === '') return value;
  const at = value.indexOf(prefix);
  if (at < 0) return null;
  const rest = value.slice(at + prefix.length);
  return AFTER_PREFIX.exec(rest)?.[0] ?? value;
}

/** @returns null: its time has come and is not over; undefined: not known */
function timeProblem(provider: Cursor, token: Token, seenAt: string | null): string | null | undefined {
  if (token.expires === null && token.notBefore === null) return null;
  if (seenAt === null) return undefined;
  const skew = field(provider, 'clock_skew_seconds').number() ?? 0;
  const tolerance = skew === 0 ? DEFAULT_SKEW : skew;
  const now = Date.parse(seenAt) / 1000;
  if (token.notBefore !== null && now + tolerance < token.notBefore) return WORDS.early;
  return token.expires !== null && now > token.expires + tolerance ? WORDS.expired : null;
}

/** `https://host/` counts as `host` on both sides (jwt_verify_lib/check_audience.cc). */
function hasAudience(allowed: readonly string[], token: Token): boolean {
  const wanted = new Set(allowed.map(bareAudience));
  return wanted.size === 0 || token.audiences.some((audience) => wanted.has(bareAudience(audience)));
}

function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
