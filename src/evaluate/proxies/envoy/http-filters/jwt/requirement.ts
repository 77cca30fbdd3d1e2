import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import type { RequestView } from '../../http/request-view.ts';
import { field, unknown } from '../../proto-json.ts';
import { isUnknown } from '../../truth.ts';
import { judgeProvider, tokensOf, type TokenVerdict } from './provider.ts';
import { WORDS } from './token.ts';

/** What a JwtRequirement is judged by. */
export interface TokenQuestion {
  /** JwtAuthentication.providers */
  readonly providers: Cursor;
  readonly request: RequestView;
  /** RFC 3339 time that counts; null: not known. */
  readonly seenAt: string | null;
}

type Verdict = TokenVerdict | Unknown;

const OK: TokenVerdict = { kind: 'ok' };

/** Judges a JwtRequirement (source/extensions/filters/http/jwt_authn/verifier.cc, innerCreate). */
export function judgeRequirement(requirement: Cursor, question: TokenQuestion): Verdict {
  const name = field(requirement, 'provider_name').string();
  if (name !== undefined) return judgeNamed(name, null, requirement, question);
  const both = field(requirement, 'provider_and_audiences');
  if (both.exists) {
    const own = field(both, 'audiences').strings();
    return judgeNamed(field(both, 'provider_name').string() ?? '', own, requirement, question);
  }
  if (field(requirement, 'allow_missing_or_failed').exists) return allowFailed(requirement, question);
  if (field(requirement, 'allow_missing').exists) return allowMissing(requirement, question);
  const any = field(requirement, 'requires_any');
  if (any.exists) return judgeAny(any, question);
  const all = field(requirement, 'requires_all');
  return all.exists ? judgeAll(all, question) : open(requirement);
}

function judgeNamed(
  name: string,
  audiences: readonly string[] | null,
  requirement: Cursor,
  { providers, request, seenAt }: TokenQuestion,
): Verdict {
  const provider = providers.at(name);
  if (!provider.exists) return open(requirement);
  const own = audiences ?? [];
  return judgeProvider(provider, own.length === 0 ? null : own, request, seenAt);
}

/** What each provider says of the request. */
function ofEach(requirement: Cursor, question: TokenQuestion): readonly Verdict[] {
  return question.providers.entries().map(([name]) => judgeNamed(name, null, requirement, question));
}

/** `allow_missing_or_failed`: whatever is wrong with tokens does not count; what a good one says may be looked at later. */
function allowFailed(requirement: Cursor, question: TokenQuestion): Verdict {
  return ofEach(requirement, question).find(isUnknown) ?? OK;
}

/**
 * `allow_missing`: a token that is there is judged by the provider of its issuer, wherever it is found. Of several providers that find one,
 * any may be the one that it is judged by: only what all of them refuse is refused.
 */
function allowMissing(requirement: Cursor, question: TokenQuestion): Verdict {
  const tokens = question.providers.entries().map(([, provider]) => tokensOf(provider, question.request));
  if (tokens.every((found) => !isUnknown(found) && found.length === 0)) return OK;
  const verdicts = ofEach(requirement, question).filter((verdict) => !isMissing(verdict));
  return verdicts.find(isUnknown) ?? worst(verdicts) ?? open(requirement);
}

/**
 * One is enough. `allow_missing` beside others lets a request without their tokens pass, and judges none itself (verifier.cc,
 * AnyVerifierImpl).
 */
function judgeAny(list: Cursor, question: TokenQuestion): Verdict {
  const parts = field(list, 'requirements').items();
  const isAllowance = (part: Cursor): boolean =>
    field(part, 'allow_missing').exists || field(part, 'allow_missing_or_failed').exists;
  const regular = parts.filter((part) => !isAllowance(part));
  const [first] = parts;
  if (first === undefined) return open(list);
  if (regular.length === 0) {
    const lenient = parts.find((part) => field(part, 'allow_missing_or_failed').exists);
    return judgeRequirement(lenient ?? first, question);
  }
  const verdicts = regular.map((part) => judgeRequirement(part, question));
  const settled = verdicts.find((verdict) => !isUnknown(verdict) && verdict.kind === 'ok') ?? verdicts.find(isUnknown);
  if (settled !== undefined) return settled;
  if (parts.some((part) => field(part, 'allow_missing_or_failed').exists)) return OK;
  const result = worst(verdicts) ?? open(list);
  return isMissing(result) && parts.some((part) => field(part, 'allow_missing').exists) ? OK : result;
}

/** The first that is not met decides (verifier.cc, AllVerifierImpl). */
function judgeAll(list: Cursor, question: TokenQuestion): Verdict {
  for (const part of field(list, 'requirements').items()) {
    const verdict = judgeRequirement(part, question);
    if (isUnknown(verdict) || verdict.kind === 'refused') return verdict;
  }
  return OK;
}

function isMissing(verdict: Verdict): boolean {
  return !isUnknown(verdict) && verdict.kind === 'refused' && verdict.words === WORDS.missing;
}

/** What is told of several refusals: the last that says more than that no token was found, or none of a known issuer. */
function worst(verdicts: readonly Verdict[]): Verdict | undefined {
  const says = (words: readonly string[]) => (verdict: Verdict) =>
    !isUnknown(verdict) && verdict.kind === 'refused' && !words.includes(verdict.words);
  return (
    verdicts.findLast(says([WORDS.missing, WORDS.issuer])) ??
    verdicts.findLast(says([WORDS.missing])) ??
    verdicts.at(-1)
  );
}

function open(cursor: Cursor): Unknown {
  return unknown('whether the request carries a token that the proxy accepts is not known', cursor);
}
