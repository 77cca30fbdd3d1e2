import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import { matchTarget } from '../http/route-match.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';
import { judgeRequirement } from './jwt/requirement.ts';
import { WORDS } from './jwt/token.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig';
const KNOWN = new Set([
  '@type',
  'providers',
  'rules',
  'requirement_map',
  'filter_state_rules',
  'bypass_cors_preflight',
  'strip_failure_response',
  'stat_prefix',
]);

/**
 * envoy.filters.http.jwt_authn (source/extensions/filters/http/jwt_authn/filter.cc): the first rule whose match holds says what is
 * required; no rule, or a rule without a requirement, lets the request pass. Without any token a request passes where one may be
 * missing, as every RequestAuthentication of Istio allows, and is answered with 401 where one must be there. So is one whose token is
 * malformed, of another issuer, out of its time, or of no key that the proxy has. Signatures are not verified: a token that nothing else speaks
 * against leaves the answer open.
 */
export const runJwtAuthn: RunHttpFilter = (context, filter, walk, next) => {
  const { config } = filter;
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  if (isTrue(config, 'bypass_cors_preflight') && isPreflight(context)) return next(walk);
  const requirement = findRequirement(context, filter);
  if (requirement === null) return next(walk);
  if (isUnknown(requirement)) return undetermined(walk, requirement);
  const { request, connection } = context;
  const { seenAt } = connection.config;
  const verdict = judgeRequirement(requirement, { providers: field(config, 'providers'), request, seenAt });
  if (isUnknown(verdict)) {
    const { reason } = verdict;
    return undetermined(withStep(walk, step('http-filter', 'unknown', filter.name, { reasons: [reason] })), verdict);
  }
  if (verdict.kind === 'ok') {
    const reasons = ['the request carries no token, and none is required'];
    return next(withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: [requirement] })));
  }
  const { words, because } = verdict;
  const denied = withStep(
    walk,
    step('http-filter', 'denied', filter.name, { reasons: reasonsOf(words, because), cites: [requirement] }),
  );
  return localReply(context, denied, {
    status: words === WORDS.audience ? 403 : 401,
    flag: null,
    detail: `jwt_authn_access_denied{${words.replaceAll(' ', '_')}}`,
    body: isTrue(config, 'strip_failure_response') ? '' : words,
    denied: true,
  });
};

function reasonsOf(words: string, because: string | null): readonly string[] {
  if (words === WORDS.missing) return ['the request carries no token, and one is required'];
  const refusal = `the proxy refuses the token: ${words}`;
  return because === null ? [refusal] : [refusal, because];
}

/** The JwtRequirement of the route, or of the first rule that matches; null: there is none. */
function findRequirement(context: HttpContext, filter: HttpFilter): Cursor | Unknown | null {
  const { config } = filter;
  const named = (name: string): Cursor => field(config, 'requirement_map').at(name);
  const perRoute = overrideOf(filter, PER_ROUTE);
  if (perRoute === 'mismatch') return foreignOverride(filter);
  if (perRoute !== null) {
    if (isTrue(perRoute, 'disabled')) return null;
    const requirement = named(field(perRoute, 'requirement_name').string() ?? '');
    return requirement.exists
      ? requirement
      : unknown('the route names a JWT requirement that does not exist', perRoute);
  }
  if (field(config, 'filter_state_rules').exists)
    return unknown('filter state chooses the JWT requirement', filter.entry.at('name'));
  for (const rule of field(config, 'rules').items()) {
    const matched = matchTarget(field(rule, 'match'), context.request);
    if (isUnknown(matched)) return matched;
    if (!matched) continue;
    const name = field(rule, 'requirement_name').string();
    const requires = name === undefined ? field(rule, 'requires') : named(name);
    return requires.exists && requires.entries().length > 0 ? requires : null;
  }
  return null;
}

function isPreflight({ request }: HttpContext): boolean {
  const present = (name: string): boolean => {
    const value = request.headers.get(name);
    return typeof value === 'string' && value !== '';
  };
  return request.method === 'OPTIONS' && present('origin') && present('access-control-request-method');
}
