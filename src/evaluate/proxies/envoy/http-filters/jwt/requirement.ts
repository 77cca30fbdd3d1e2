import type { Unknown } from '../../../../../model/branching.ts';
import type { Cursor } from '../../../../../model/json.ts';
import { field, unknown } from '../../proto-json.ts';
import type { RequestView } from '../../http/request-view.ts';
import { isUnknown } from '../../truth.ts';
import { sanitised, withAccepted } from './accept.ts';
import { judgeProvider, tokensOf, type TokenQuestion, type TokenVerdict } from './provider.ts';
import { WORDS } from './token.ts';

type Verdict = TokenVerdict | Unknown;

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
  question: TokenQuestion,
): Verdict {
  const provider = question.providers.at(name);
  if (!provider.exists) return open(requirement);
  const own = audiences ?? [];
  return judgeProvider(provider, own.length === 0 ? null : own, question);
}

/** What each provider says of the request. */
function ofEach(requirement: Cursor, question: TokenQuestion): readonly Verdict[] {
  return question.providers.entries().map(([name]) => judgeNamed(name, null, requirement, question));
}

/** All providers were asked, and none found a token that counts. */
function withoutToken({ providers }: TokenQuestion): MetVerdict {
  return { kind: 'ok', accepted: [], asked: providers.entries().map(([, provider]) => provider) };
}

/**
 * `allow_missing_or_failed`: whatever is wrong with tokens does not count; what a good one says may be looked at later. It is judged by
 * the provider of its issuer, wherever it is found.
 */
function allowFailed(requirement: Cursor, question: TokenQuestion): Verdict {
  const verdicts = ofEach(requirement, question);
  const [accepted, another] = verdicts.filter(isAccepted);
  if (another !== undefined) return open(requirement);
  return verdicts.find(isUnknown) ?? mergeOk([withoutToken(question), ...(accepted === undefined ? [] : [accepted])]);
}

/**
 * `allow_missing`: a token that is there is judged by the provider of its issuer, wherever it is found. Of several providers that find one,
 * any may be the one that it is judged by: only what all of them refuse is refused, and accepted what all others refuse for its issuer.
 */
function allowMissing(requirement: Cursor, question: TokenQuestion): Verdict {
  const tokens = question.providers.entries().map(([, provider]) => tokensOf(provider, question.request));
  if (tokens.every((found) => !isUnknown(found) && found.length === 0)) return withoutToken(question);
  const verdicts = ofEach(requirement, question).filter((verdict) => !isMissing(verdict));
  const accepted = verdicts.find(isAccepted);
  if (accepted === undefined) return verdicts.find(isUnknown) ?? worst(verdicts) ?? open(requirement);
  const others = verdicts.filter((one) => one !== accepted);
  const ofOtherIssuers = others.every((one) => !isUnknown(one) && one.kind === 'refused' && one.words === WORDS.issuer);
  return ofOtherIssuers ? mergeOk([withoutToken(question), accepted]) : (others.find(isUnknown) ?? open(requirement));
}

/**
 * One is enough: the first that is met. `allow_missing` beside others lets a request without their tokens pass, and judges none itself
 * (verifier.cc, AnyVerifierImpl).
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
  const verdicts: Verdict[] = [];
  const asked: Cursor[] = [];
  for (const part of regular) {
    const verdict = judgeRequirement(part, question);
    // One before may be met too, and what it accepts would count.
    if (!isUnknown(verdict) && verdict.kind === 'ok')
      return verdicts.find(isUnknown) ?? { ...verdict, asked: [...asked, ...verdict.asked] };
    verdicts.push(verdict);
    asked.push(...providersOf(part, question));
  }
  const unsettled = verdicts.find(isUnknown);
  if (unsettled !== undefined) return unsettled;
  const passed = { kind: 'ok', accepted: [], asked } as const;
  if (parts.some((part) => field(part, 'allow_missing_or_failed').exists)) return passed;
  const result = worst(verdicts) ?? open(list);
  return isMissing(result) && parts.some((part) => field(part, 'allow_missing').exists) ? passed : result;
}

/** The first that is not met decides (verifier.cc, AllVerifierImpl). */
function judgeAll(list: Cursor, question: TokenQuestion): Verdict {
  const met: MetVerdict[] = [];
  let left: RequestView = question.request;
  for (const part of field(list, 'requirements').items()) {
    const verdict = judgeRequirement(part, { ...question, request: left });
    if (isUnknown(verdict) || verdict.kind === 'refused') return verdict;
    const after = leftBy(left, verdict);
    if (isUnknown(after)) return after;
    left = after;
    met.push(verdict);
  }
  return mergeOk(met);
}

/** A requirement that is met. */
export type MetVerdict = TokenVerdict & { readonly kind: 'ok' };

/** The request as a requirement that is met leaves it. */
export function leftBy(request: RequestView, { asked, accepted }: MetVerdict): RequestView | Unknown {
  let left = sanitised(request, asked);
  for (const one of accepted) if (!isUnknown(left)) left = withAccepted(left, one);
  return left;
}

function mergeOk(verdicts: readonly MetVerdict[]): MetVerdict {
  return {
    kind: 'ok',
    accepted: verdicts.flatMap(({ accepted }) => accepted),
    asked: verdicts.flatMap(({ asked }) => asked),
  };
}

/** Whether a token was accepted. */
function isAccepted(verdict: Verdict): verdict is MetVerdict {
  return !isUnknown(verdict) && verdict.kind === 'ok' && verdict.accepted.length > 0;
}

/** The providers that a requirement names, at any depth. */
function providersOf(requirement: Cursor, question: TokenQuestion): readonly Cursor[] {
  const both = field(requirement, 'provider_and_audiences');
  const name = field(requirement, 'provider_name').string() ?? field(both, 'provider_name').string();
  if (name !== undefined) return [question.providers.at(name)];
  return ['requires_any', 'requires_all'].flatMap((kind) =>
    field(field(requirement, kind), 'requirements')
      .items()
      .flatMap((part) => providersOf(part, question)),
  );
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
