import type { Unknown } from '../../../../model/branching.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import type { RequestView } from '../http/request-view.ts';
import { matchTarget } from '../http/route-match.ts';
import { field, isTrue, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';
import { clearsRouteCache, headersSetBy, metadataOf, sanitised, shownOf } from './jwt/accept.ts';
import { judgeRequirement } from './jwt/requirement.ts';
import { routeAgain } from './jwt/route-again.ts';
import { WORDS, type AcceptedToken } from './jwt/token.ts';

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
 * malformed, of another issuer, out of its time, or of no key that the proxy has. One that is accepted is taken out of the request unless
 * the provider forwards it, and its claims go into headers and dynamic metadata, by which the route may be looked for anew; keys that stand
 * elsewhere leave the answer open.
 */
export const runJwtAuthn: RunHttpFilter = (context, filter, walk, next) => {
  const { config } = filter;
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const providers = field(config, 'providers');
  const request = entering(context, providers);
  if (isUnknown(request)) return undetermined(walk, request);
  if (isTrue(config, 'bypass_cors_preflight') && isPreflight(request)) return next(walk, request);
  const requirement = findRequirement(request, filter);
  if (requirement === null) return next(walk, request);
  if (isUnknown(requirement)) return undetermined(walk, requirement);
  const { connection } = context;
  const { seenAt } = connection.config;
  const verify = connection.facts.verifySignature;
  const verdict = judgeRequirement(requirement, request, { providers, seenAt, verify });
  const open = (problem: Unknown): EnvoyOutcome[] =>
    undetermined(withStep(walk, step('http-filter', 'unknown', filter.name, { reasons: [problem.reason] })), problem);
  if (isUnknown(verdict)) return open(verdict);
  const { refusal, accepted, request: left } = verdict;
  if (refusal === null) {
    const reasons =
      accepted.length === 0 ? ['no token of the request counts, and none is required'] : accepted.map(acceptance);
    const passed = withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: [requirement] }));
    const noted = { ...passed, metadata: [...passed.metadata, ...accepted.flatMap(metadataOf)] };
    return accepted.some(clearsRouteCache) ? routeAgain(context, left, noted, next) : next(noted, left);
  }
  const { words, because } = refusal;
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

/** From this minor version on headers for claims are taken away from every request, whatever is required of it. */
const SANITISES_ALL = 40;
const SANITISES_ALL_KEY = 'envoy.reloadable_features.jwt_authn_sanitize_payload_headers_filter_wide';

/** The request as the filter begins with it (Filter::decodeHeaders). */
function entering({ request, connection }: HttpContext, providers: Cursor): RequestView | Unknown {
  const all = providers.entries().map(([, provider]) => provider);
  const minor = request.envoyMinor;
  if (minor !== undefined && minor < SANITISES_ALL) return request;
  const names = all.flatMap(headersSetBy).filter((name) => request.headers.get(name) !== null);
  if (names.length === 0) return request;
  if (minor === undefined)
    return unknown('whether the proxy takes headers for claims away depends on its version', ...all.flatMap(shownOf));
  return connection.runtime.overridden(SANITISES_ALL_KEY) ?? sanitised(request, all);
}

function acceptance({ token: { issuer } }: AcceptedToken): string {
  const of = issuer === '' ? '' : ` of ${JSON.stringify(issuer)}`;
  return `a key of the provider has signed the token${of}`;
}

function reasonsOf(words: string, because: string | null): readonly string[] {
  if (words === WORDS.missing) return ['the request carries no token, and one is required'];
  const refusal = `the proxy refuses the token: ${words}`;
  return because === null ? [refusal] : [refusal, because];
}

/** The JwtRequirement of the route, or of the first rule that matches; null: there is none. */
function findRequirement(request: RequestView, filter: HttpFilter): Cursor | Unknown | null {
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
    const matched = matchTarget(field(rule, 'match'), request);
    if (isUnknown(matched)) return matched;
    if (!matched) continue;
    const name = field(rule, 'requirement_name').string();
    const requires = name === undefined ? field(rule, 'requires') : named(name);
    return requires.exists && requires.entries().length > 0 ? requires : null;
  }
  return null;
}

function isPreflight(request: RequestView): boolean {
  const present = (name: string): boolean => {
    const value = request.headers.get(name);
    return typeof value === 'string' && value !== '';
  };
  return request.method === 'OPTIONS' && present('origin') && present('access-control-request-method');
}
