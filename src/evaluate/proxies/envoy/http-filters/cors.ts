import type { Cursor } from '../../../../model/json.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import { matchString } from '../match/string-match.ts';
import { field, fields, isTrue, unknown, unknownField } from '../proto-json.ts';
import { readFraction } from '../runtime.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const TYPE = 'envoy.extensions.filters.http.cors.v3.CorsPolicy';
const KNOWN = new Set([
  '@type',
  'allow_origin_string_match',
  'allow_methods',
  'allow_headers',
  'expose_headers',
  'max_age',
  'allow_credentials',
  'filter_enabled',
  'shadow_enabled',
  'allow_private_network_access',
  'forward_not_matching_preflights',
]);

/**
 * envoy.filters.http.cors (source/extensions/filters/http/cors/cors_filter.cc). A preflight (OPTIONS with Origin and
 * Access-Control-Request-Method) whose origin the policy allows is answered with 200; one of another origin is passed on unless
 * forward_not_matching_preflights is false, and so is every other request. Routes that the proxy answers itself have no policy
 * (Route::routeEntry is null for them).
 */
export const runCors: RunHttpFilter = (context, filter, walk, next) => {
  const { request, connection, choice } = context;
  if (request.method !== 'OPTIONS' || isDirect(choice.route)) return next(walk);
  const origin = request.headers.get('origin');
  const method = request.headers.get('access-control-request-method');
  if (origin === null || method === null || method === '') return next(walk);
  if (isUnknown(origin)) return undetermined(walk, origin);
  if (isUnknown(method)) return undetermined(walk, method);
  const policy = corsPolicy(context, overrideOf(filter, TYPE));
  if (policy === null) return next(walk);
  if (policy === 'mismatch') return undetermined(walk, foreignOverride(filter));
  const enabled = field(policy, 'filter_enabled');
  const fraction = enabled.exists ? readFraction(field(enabled, 'default_value')) : { numerator: 1, denominator: 1 };
  const key = field(enabled, 'runtime_key').string() ?? '';
  const problem = unknownField(policy, KNOWN) ?? connection.runtime.overridden(key);
  if (problem !== null) return undetermined(walk, problem);
  if (fraction.numerator === 0) return next(walk);
  if (fraction.numerator < fraction.denominator)
    return undetermined(walk, unknown('CORS is on for a part of requests', enabled));
  const allowed = originAllowed(policy, origin);
  if (isUnknown(allowed)) return undetermined(walk, allowed);
  const forwards = field(policy, 'forward_not_matching_preflights').boolean() !== false;
  if (!allowed && forwards) return next(walk);
  const reason = allowed
    ? `preflight of the allowed origin ${origin}`
    : `preflight of the origin ${origin}, which is not allowed`;
  const replied = withStep(walk, step('http-filter', 'replied', filter.name, { reasons: [reason], cites: [policy] }));
  return localReply(context, replied, { status: 200, flag: null, detail: 'cors_response', body: '' });
};

/** A redirect or direct response (DirectResponseEntry). */
function isDirect(route: Cursor | null): boolean {
  return route !== null && (field(route, 'redirect').exists || field(route, 'direct_response').exists);
}

/** The filter's own policy type, or the older `cors` field of the route or the virtual host. */
function corsPolicy(context: HttpContext, override: Cursor | null | 'mismatch'): Cursor | null | 'mismatch' {
  if (override !== null) return override;
  const { route, virtualHost } = context.choice;
  const onRoute = route === null ? null : fields(route, 'route', 'cors');
  if (onRoute?.exists === true) return onRoute;
  const onHost = virtualHost === null ? null : field(virtualHost, 'cors');
  return onHost?.exists === true ? onHost : null;
}

function originAllowed(policy: Cursor, origin: string): Truth {
  if (isTrue(policy, 'allow_any_origin')) return true;
  return any(field(policy, 'allow_origin_string_match').items(), (matcher) =>
    field(matcher, 'exact').string() === '*' ? true : matchString(matcher, origin),
  );
}
