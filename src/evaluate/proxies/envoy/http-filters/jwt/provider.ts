import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { holdsRedacted } from '../../../../../model/redaction.ts';
import type { VerifySignature } from '../../../../../model/signature.ts';
import { cookieValue } from '../../http/cookie.ts';
import { queryParameters } from '../../http/path.ts';
import type { RequestView } from '../../http/request-view.ts';
import { field, unknown, unknownField } from '../../proto-json.ts';
import { isUnknown } from '../../truth.ts';
import { sanitised, shownOf } from './accept.ts';
import { judgeKeys } from './keys.ts';
import { readToken, WORDS, type AcceptedToken, type Token, type TokenPlace } from './token.ts';

/** What becomes of a request of which tokens are required. */
export type TokenVerdict =
  | {
      readonly kind: 'ok';
      /** In the order in which they were accepted; none: the request may pass without. */
      readonly accepted: readonly AcceptedToken[];
      /** Providers that were asked: headers that they would set are taken away from what the client sent. */
      readonly asked: readonly Cursor[];
    }
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
const OF_TOKEN = /[A-Za-z0-9_.-]/;
const NOT_OF_TOKEN = /[^A-Za-z0-9_.-]/;

/** By what tokens are judged. */
export interface TokenQuestion {
  /** JwtAuthentication.providers */
  readonly providers: Cursor;
  readonly request: RequestView;
  /** RFC 3339 time that counts; null: not known. */
  readonly seenAt: string | null;
  /** absent: whether a key has made a signature is not known */
  readonly verify: VerifySignature | undefined;
}

/**
 * Judges the token that a provider finds in a request as its AuthenticatorImpl does (source/extensions/filters/http/jwt_authn/authenticator.cc
 * startVerify).
 * @param audiences those that the requirement demands instead of the provider's
 */
export function judgeProvider(
  provider: Cursor,
  audiences: readonly string[] | null,
  { request, seenAt, verify }: TokenQuestion,
): TokenVerdict | Unknown {
  const beyond = unknownField(provider, KNOWN);
  if (beyond !== undefined) return beyond;
  const left = sanitised(request, [provider]);
  const tokens = isUnknown(left) ? left : tokensOf(provider, left);
  if (isUnknown(tokens)) return tokens;
  const [found, ...others] = tokens;
  if (found === undefined) return refused(WORDS.missing);
  const open = (why: string): Unknown => unknown(why, ...shownOf(provider));
  if (others.length > 0) return open('which of the tokens that the request carries counts is not known');
  if (holdsRedacted(found.text)) return open('the token was taken out of the snapshot');
  const token = readToken(found.text);
  if (token === undefined) return open('what the proxy makes of the token is not known');
  if ('refused' in token) return refused(token.refused);
  const issuer = field(provider, 'issuer').string() ?? '';
  if (issuer !== '' && token.issuer !== issuer) return refused(WORDS.issuer);
  const untimely = timeProblem(provider, token, seenAt);
  if (untimely === undefined)
    return open('the token is valid for a time, and the dump does not tell when it was captured');
  if (untimely !== null) return refused(untimely);
  const allowed = audiences ?? field(provider, 'audiences').strings();
  if (!hasAudience(allowed, token)) return refused(WORDS.audience);
  const signed = judgeKeys(provider, token, verify);
  if (signed === null) return open('whether the token is signed by a key that the proxy has is not known');
  if (signed === 'signed')
    return { kind: 'ok', accepted: [{ provider, token, place: found.place }], asked: [provider] };
  const { words, unfetched } = signed;
  return refused(words, unfetched ? 'istiod could not fetch the keys, and gave the proxy one that nobody has' : null);
}

function refused(words: string, because: string | null = null): TokenVerdict {
  return { kind: 'refused', words, because };
}

/** A token as a request carries it. */
interface FoundToken {
  readonly text: string;
  readonly place: TokenPlace;
}

/**
 * The tokens that a provider finds: one that names no place reads `Authorization: Bearer` and the parameter access_token
 * (source/extensions/filters/http/jwt_authn/extractor.cc).
 */
export function tokensOf(provider: Cursor, request: RequestView): readonly FoundToken[] | Unknown {
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
  const tokens: FoundToken[] = [];
  for (const { name, prefix } of places) {
    const value = request.headers.get(name);
    if (isUnknown(value)) return value;
    const text = value === null ? null : behindPrefix(value, prefix);
    if (text === undefined)
      return unknown(`whether the header ${name} holds one token, and which, is not known`, ...shownOf(provider));
    if (text !== null) tokens.push({ text, place: { kind: 'header', name } });
  }
  const given = queryParameters(request.path);
  for (const name of byDefault ? ['access_token'] : parameters) {
    const text = given.get(name);
    if (text !== undefined) tokens.push({ text, place: { kind: 'parameter', name } });
  }
  const sent = cookies.length === 0 ? null : request.headers.get('cookie');
  if (isUnknown(sent)) return sent;
  if (sent?.includes(',') === true)
    return unknown('whether there is one Cookie header or several is not known', ...shownOf(provider));
  for (const name of cookies) {
    const text = sent === null ? null : cookieValue(sent, name);
    if (text !== null) tokens.push({ text, place: { kind: 'cookie', name } });
  }
  return tokens;
}

/**
 * The prefix may stand anywhere in the value (extractor.cc, extractJWT). Versions differ in where a token ends that something stands
 * behind, which several headers of the name look like here.
 * @returns null: it holds none; undefined: not known
 */
function behindPrefix(value: string, prefix: string): string | null | undefined {
  if (prefix === '') return value.includes(',') ? undefined : value;
  const at = value.indexOf(prefix);
  if (at < 0) return null;
  const rest = value.slice(at + prefix.length);
  const start = rest.search(OF_TOKEN);
  if (start < 0) return value;
  return NOT_OF_TOKEN.test(rest.slice(start)) ? undefined : rest.slice(start);
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
