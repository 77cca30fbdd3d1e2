import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import { queryParameters } from '../http/path.ts';
import { matchTarget } from '../http/route-match.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

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
 * missing, as every RequestAuthentication of Istio allows, and is answered with 401 where one must be there. Whether a token that is
 * there is valid is in no dump.
 */
export const runJwtAuthn: RunHttpFilter = (context, filter, walk, next) => {
  const { config } = filter;
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  if (isTrue(config, 'bypass_cors_preflight') && isPreflight(context)) return next(walk);
  const requirement = findRequirement(context, filter);
  if (requirement === null) return next(walk);
  if (isUnknown(requirement)) return undetermined(walk, requirement);
  const missing = mayCarryToken(config, context) ? null : allowsMissing(requirement);
  if (missing === true) {
    const reasons = ['the request carries no token, and none is required'];
    return next(withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: [requirement] })));
  }
  if (missing === false) {
    const reasons = ['the request carries no token, and one is required'];
    const denied = withStep(walk, step('http-filter', 'denied', filter.name, { reasons, cites: [requirement] }));
    const stripped = isTrue(config, 'strip_failure_response');
    return localReply(context, denied, {
      status: 401,
      flag: null,
      detail: 'jwt_authn_access_denied{Jwt_is_missing}',
      body: stripped ? '' : 'Jwt is missing',
      denied: true,
    });
  }
  const reason = 'whether the request carries a token that the proxy accepts is not known';
  return undetermined(
    withStep(walk, step('http-filter', 'unknown', filter.name, { reasons: [reason] })),
    unknown(reason, requirement),
  );
};

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

const PROVIDERS = ['provider_name', 'provider_and_audiences'];

/** Whether a JwtRequirement is met without a token; null: it is of a kind that is not understood. */
function allowsMissing(requirement: Cursor): boolean | null {
  if (field(requirement, 'allow_missing').exists || field(requirement, 'allow_missing_or_failed').exists) return true;
  if (PROVIDERS.some((name) => field(requirement, name).exists)) return false;
  const any = field(requirement, 'requires_any');
  const all = field(requirement, 'requires_all');
  if (!any.exists && !all.exists) return null;
  const parts = field(any.exists ? any : all, 'requirements')
    .items()
    .map(allowsMissing);
  if (parts.includes(null)) return null;
  return any.exists ? parts.includes(true) : parts.every((part) => part === true);
}

/**
 * Whether some header, cookie or parameter that a provider reads is there; one that names no place reads `Authorization: Bearer` and
 * the parameter access_token (source/extensions/filters/http/jwt_authn/extractor.cc).
 */
function mayCarryToken(config: Cursor, { request }: HttpContext): boolean {
  const has = (name: string): boolean => request.headers.get(name.toLowerCase()) !== null;
  const parameters = queryParameters(request.path);
  return field(config, 'providers')
    .entries()
    .some(([, provider]) => {
      const headers = field(provider, 'from_headers').items();
      const names = field(provider, 'from_params').strings();
      const cookies = field(provider, 'from_cookies').strings();
      const byDefault = headers.length === 0 && names.length === 0 && cookies.length === 0;
      return (
        headers.some((header) => has(field(header, 'name').string() ?? '')) ||
        names.some((name) => parameters.has(name)) ||
        (cookies.length > 0 && has('cookie')) ||
        (byDefault && (has('authorization') || parameters.has('access_token')))
      );
    });
}
