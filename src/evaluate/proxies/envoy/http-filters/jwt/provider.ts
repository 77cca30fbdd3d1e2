import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { holdsRedacted } from '../../../../../model/redaction.ts';
import type { VerifySignature } from '../../../../../model/signature.ts';
import type { RequestView } from '../../http/request-view.ts';
import { matchString } from '../../match/string-match.ts';
import { field, isTrue, seconds, unknown, unknownField } from '../../proto-json.ts';
import { isUnknown, type Truth } from '../../truth.ts';
import { sanitised, shownOf, withAccepted } from './accept.ts';
import { judgeKeys } from './keys.ts';
import { tokensOf, type FoundToken } from './places.ts';
import { readToken, WORDS, type AcceptedToken, type Token } from './token.ts';

/** What becomes of a request of which tokens are required. */
export interface TokenVerdict {
  /** null: what is required is met. */
  readonly refusal: Refusal | null;
  /** The request as it is left, met or not: whatever is asked next looks at this. */
  readonly request: RequestView;
  /** Tokens that were found good, met or not, in the order in which they were judged. */
  readonly accepted: readonly AcceptedToken[];
}

/** Why a token is refused, or that there is none. */
export interface Refusal {
  /** Envoy's words, which stand in the answer. */
  readonly words: string;
  /** What else there is to say, one clause. */
  readonly because: string | null;
}

const KNOWN = new Set([
  'issuer',
  'audiences',
  'subjects',
  'require_expiration',
  'max_lifetime',
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

/** By what tokens are judged. */
export interface TokenQuestion {
  /** JwtAuthentication.providers */
  readonly providers: Cursor;
  /** RFC 3339 time that counts; null: not known. */
  readonly seenAt: string | null;
  /** absent: whether a key has made a signature is not known */
  readonly verify: VerifySignature | undefined;
}

/** Who judges tokens. */
export interface Authenticator {
  /** Providers in whose places tokens are looked for. */
  readonly asked: readonly Cursor[];
  /** The provider for tokens of an issuer; null: there is none. */
  readonly providerFor: (issuer: string) => Cursor | Unknown | null;
  /** Those that the requirement demands instead of the provider's; null: the provider's. */
  readonly audiences: readonly string[] | null;
  /** What a request may do without a token that counts: `missing` carry none, `failed` carry bad ones too. */
  readonly lenient: 'missing' | 'failed' | null;
}

/**
 * Judges all tokens of a request from the last to the first. Each must be good, and what is good is dealt with before the next is judged.
 * A lenient judge goes on behind a bad one, and the one that it judges last decides (AuthenticatorImpl::startVerify and doneWithStatus,
 * source/extensions/filters/http/jwt_authn/authenticator.cc).
 */
export function authenticate(
  judge: Authenticator,
  request: RequestView,
  question: TokenQuestion,
): TokenVerdict | Unknown {
  const { asked, lenient } = judge;
  const beyond = asked.map((provider) => unknownField(provider, KNOWN)).find((problem) => problem !== undefined);
  if (beyond !== undefined) return beyond;
  let left = sanitised(request, asked);
  if (isUnknown(left)) return left;
  const tokens = tokensOf(asked, left);
  if (isUnknown(tokens)) return tokens;
  const accepted: AcceptedToken[] = [];
  let refusal: Refusal | null = tokens.length === 0 ? refused(WORDS.missing) : null;
  for (const found of tokens.toReversed()) {
    const judged = judgeToken(found, judge, question);
    if (isUnknown(judged)) return judged;
    refusal = 'words' in judged ? judged : null;
    if ('token' in judged) {
      left = withAccepted(left, judged);
      if (isUnknown(left)) return left;
      accepted.push(judged);
    } else if (lenient === null) break;
  }
  const excused = lenient === 'failed' || (lenient === 'missing' && refusal?.words === WORDS.missing);
  return { refusal: excused ? null : refusal, request: left, accepted };
}

function refused(words: string, because: string | null = null): Refusal {
  return { words, because };
}

function judgeToken(
  { text, place, issuers }: FoundToken,
  { asked, providerFor, audiences }: Authenticator,
  { seenAt, verify }: TokenQuestion,
): AcceptedToken | Refusal | Unknown {
  if (holdsRedacted(text)) return unknown('the token was taken out of the snapshot', ...asked.flatMap(shownOf));
  const token = readToken(text);
  if (token === undefined) return unknown('what the proxy makes of the token is not known', ...asked.flatMap(shownOf));
  if ('refused' in token) return refused(token.refused);
  const provider = issuers.has('') || issuers.has(token.issuer) ? providerFor(token.issuer) : null;
  if (provider === null) return refused(WORDS.issuer);
  if (isUnknown(provider)) return provider;
  const open = (why: string): Unknown => unknown(why, ...shownOf(provider));
  const untimely = timeProblem(provider, token, seenAt);
  if (untimely === undefined)
    return open('the token is valid for a time, and the dump does not tell when it was captured');
  if (untimely !== null) return refused(untimely);
  if (!hasAudience(audiences ?? field(provider, 'audiences').strings(), token)) return refused(WORDS.audience);
  const suits = suitsProvider(provider, token, seenAt);
  if (isUnknown(suits)) return suits;
  if (!suits) return refused(WORDS.unverified);
  const signed = judgeKeys(provider, token, verify);
  if (signed === null) return open('whether the token is signed by a key that the proxy has is not known');
  if (signed === 'signed') return { provider, token, place };
  const { words, unfetched } = signed;
  return refused(words, unfetched ? 'istiod could not fetch the keys, and gave the proxy one that nobody has' : null);
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

/**
 * Whether a provider takes tokens of this subject, and of as long a life as is left of this one (JwksDataImpl::isSubjectAllowed and
 * isLifetimeAllowed, source/extensions/filters/http/jwt_authn/jwks_cache.cc).
 */
function suitsProvider(provider: Cursor, token: Token, seenAt: string | null): Truth {
  const subjects = field(provider, 'subjects');
  const subject = subjects.exists ? matchString(subjects, token.subject) : true;
  if (subject !== true) return subject;
  const limit = field(provider, 'max_lifetime');
  if (token.expires === null) return !limit.exists && !isTrue(provider, 'require_expiration');
  if (!limit.exists) return true;
  const longest = seconds(limit);
  if (longest === undefined || seenAt === null)
    return unknown('whether more of the life of the token is left than the provider allows is not known', limit);
  return token.expires - Date.parse(seenAt) / 1000 < longest;
}

/** `https://host/` counts as `host` on both sides (jwt_verify_lib/check_audience.cc). */
function hasAudience(allowed: readonly string[], token: Token): boolean {
  const wanted = new Set(allowed.map(bareAudience));
  return wanted.size === 0 || token.audiences.some((audience) => wanted.has(bareAudience(audience)));
}

function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
