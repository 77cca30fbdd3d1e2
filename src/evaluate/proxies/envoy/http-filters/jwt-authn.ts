import type { Cursor } from '../../../../model/json.ts';
import { matchRoute } from '../http/route-match.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import type { RunHttpFilter } from './filter.ts';

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
 * required; no rule, or a rule without a requirement, lets the request pass. A request without any token passes where a token may
 * be missing, as every RequestAuthentication of Istio allows. Whether a token is valid is in no dump.
 */
export const runJwtAuthn: RunHttpFilter = (context, filter, walk, next) => {
  const { config } = filter;
  if (filter.override !== null)
    return undetermined(walk, unknown('the override of JWT authentication is not evaluated', filter.override));
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  if (field(config, 'filter_state_rules').exists)
    return undetermined(walk, unknown('filter state chooses the JWT requirement', filter.entry.at('name')));
  for (const rule of field(config, 'rules').items()) {
    const matched = matchRoute(field(rule, 'match'), context.request, context.connection.tls, false);
    if (isUnknown(matched)) return undetermined(walk, matched);
    if (!matched) continue;
    const requires = field(rule, 'requires');
    if (!requires.exists && !field(rule, 'requirement_name').exists) return next(walk);
    if (allowsMissing(requires) && !mayCarryToken(config, context.request.original.headers, context.request.path)) {
      const reasons = ['the request carries no token, and none is required'];
      return next(withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: [requires] })));
    }
    const reason = 'whether the request carries a token that the proxy accepts is not known';
    return undetermined(
      withStep(walk, step('http-filter', 'unknown', filter.name, { reasons: [reason] })),
      unknown(reason, requires),
    );
  }
  return next(walk);
};

/** JwtRequirement: an alternative without token is among what is required. */
function allowsMissing(requirement: Cursor): boolean {
  if (field(requirement, 'allow_missing').exists || field(requirement, 'allow_missing_or_failed').exists) return true;
  const any = field(requirement, 'requires_any');
  if (any.exists) return field(any, 'requirements').items().some(allowsMissing);
  const all = field(requirement, 'requires_all');
  return all.exists && field(all, 'requirements').items().every(allowsMissing);
}

/** Whether some header, cookie or parameter that a provider reads is there. */
function mayCarryToken(config: Cursor, headers: readonly (readonly [string, string])[], path: string): boolean {
  const names = new Set(headers.map(([name]) => name));
  if (names.has('authorization') || names.has('cookie') || path.includes('?')) return true;
  return field(config, 'providers')
    .entries()
    .some(([, provider]) =>
      field(provider, 'from_headers')
        .items()
        .some((header) => names.has((field(header, 'name').string() ?? '').toLowerCase())),
    );
}
