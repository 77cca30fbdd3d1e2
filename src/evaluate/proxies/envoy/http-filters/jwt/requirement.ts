/**
 * What a JwtRequirement demands. In: the requirement and a request. Out: whether it is met, and the request as it is left. Its parts are
 * asked one behind the other, each of what the one before has left (source/extensions/filters/http/jwt_authn/verifier.cc).
 */
import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { field, unknown } from '../../proto-json.ts';
import type { RequestView } from '../../http/request-view.ts';
import { isUnknown } from '../../truth.ts';
import { shownOf } from './accept.ts';
import { authenticate, type Refusal, type TokenQuestion, type TokenVerdict } from './provider.ts';
import { WORDS, type AcceptedToken } from './token.ts';

type Verdict = TokenVerdict | Unknown;

/** Judges a JwtRequirement (verifier.cc, innerCreate). */
export function judgeRequirement(requirement: Cursor, request: RequestView, question: TokenQuestion): Verdict {
  if (requirement.entries().length === 0) return { refusal: null, request, accepted: [] };
  const name = field(requirement, 'provider_name').string();
  if (name !== undefined) return judgeNamed(name, [], requirement, request, question);
  const both = field(requirement, 'provider_and_audiences');
  if (both.exists) {
    const own = field(both, 'audiences').strings();
    return judgeNamed(field(both, 'provider_name').string() ?? '', own, requirement, request, question);
  }
  if (field(requirement, 'allow_missing_or_failed').exists) return judgeAllowance('failed', request, question);
  if (field(requirement, 'allow_missing').exists) return judgeAllowance('missing', request, question);
  const any = field(requirement, 'requires_any');
  if (any.exists) return judgeAny(any, request, question);
  const all = field(requirement, 'requires_all');
  return all.exists ? judgeAll(all, request, question) : open(requirement);
}

/** ProviderVerifierImpl, ProviderAndAudienceVerifierImpl */
function judgeNamed(
  name: string,
  audiences: readonly string[],
  requirement: Cursor,
  request: RequestView,
  question: TokenQuestion,
): Verdict {
  const provider = question.providers.at(name);
  if (!provider.exists) return open(requirement);
  const own = audiences.length === 0 ? null : audiences;
  return authenticate(
    { asked: [provider], providerFor: () => provider, audiences: own, lenient: null },
    request,
    question,
  );
}

/**
 * AllowMissingVerifierImpl, AllowFailedVerifierImpl: tokens are looked for wherever any provider looks, and each is judged by the provider
 * of its issuer, or by one that takes any (JwksCacheImpl::findByIssuer, source/extensions/filters/http/jwt_authn/jwks_cache.cc).
 */
function judgeAllowance(lenient: 'missing' | 'failed', request: RequestView, question: TokenQuestion): Verdict {
  const asked = question.providers.entries().map(([, provider]) => provider);
  const of = (issuer: string): readonly Cursor[] =>
    asked.filter((provider) => (field(provider, 'issuer').string() ?? '') === issuer);
  const providerFor = (issuer: string): Cursor | Unknown | null => {
    const own = of(issuer);
    const [found, another] = own.length === 0 ? of('') : own;
    if (another !== undefined)
      return unknown(
        'which of several providers of one issuer judges the token is not known',
        ...asked.flatMap(shownOf),
      );
    return found ?? null;
  };
  return authenticate({ asked, providerFor, audiences: null, lenient }, request, question);
}

/**
 * One is enough: the first that is met. `allow_missing` beside others lets a request without their tokens pass, and judges none itself
 * (AnyVerifierImpl).
 */
function judgeAny(list: Cursor, request: RequestView, question: TokenQuestion): Verdict {
  const parts = field(list, 'requirements').items();
  const allows = (kind: string): boolean => parts.some((part) => field(part, kind).exists);
  const lenient = allows('allow_missing_or_failed') ? 'failed' : allows('allow_missing') ? 'missing' : null;
  const regular = parts.filter(
    (part) => !field(part, 'allow_missing').exists && !field(part, 'allow_missing_or_failed').exists,
  );
  if (regular.length === 0) return lenient === null ? open(list) : judgeAllowance(lenient, request, question);
  const accepted: AcceptedToken[] = [];
  const refusals: Refusal[] = [];
  let left = request;
  for (const part of regular) {
    const verdict = judgeRequirement(part, left, question);
    if (isUnknown(verdict)) return verdict;
    left = verdict.request;
    accepted.push(...verdict.accepted);
    if (verdict.refusal === null) return { refusal: null, request: left, accepted };
    refusals.push(verdict.refusal);
  }
  const told = worst(refusals);
  const excused = lenient === 'failed' || (lenient === 'missing' && told?.words === WORDS.missing);
  return { refusal: excused ? null : (told ?? null), request: left, accepted };
}

/** The first that is not met decides (AllVerifierImpl). */
function judgeAll(list: Cursor, request: RequestView, question: TokenQuestion): Verdict {
  const accepted: AcceptedToken[] = [];
  let left = request;
  for (const part of field(list, 'requirements').items()) {
    const verdict = judgeRequirement(part, left, question);
    if (isUnknown(verdict)) return verdict;
    left = verdict.request;
    accepted.push(...verdict.accepted);
    if (verdict.refusal !== null) return { refusal: verdict.refusal, request: left, accepted };
  }
  return { refusal: null, request: left, accepted };
}

/** What is told of several refusals: the last that says more than that no token was found, or none of a known issuer. */
function worst(refusals: readonly Refusal[]): Refusal | undefined {
  const saysMore = (than: readonly string[]) => (refusal: Refusal) => !than.includes(refusal.words);
  return (
    refusals.findLast(saysMore([WORDS.missing, WORDS.issuer])) ??
    refusals.findLast(saysMore([WORDS.missing])) ??
    refusals.at(-1)
  );
}

function open(cursor: Cursor): Unknown {
  return unknown('whether the request carries a token that the proxy accepts is not known', cursor);
}
