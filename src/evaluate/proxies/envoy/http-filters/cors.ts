import type { Unknown } from '../../../../model/branching.ts';
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { unsureWhenAnswered } from '../http/http-context.ts';
import type { HttpContext } from '../http/http-context.ts';
import { matchString } from '../match/string-match.ts';
import { field, fields, typedMessage, typeName, unknownField } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import type { Runtime } from '../runtime.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { allOverrides, foreignOverride } from './filter.ts';
import type { HttpFilter, RunHttpFilter } from './filter.ts';

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
 * Access-Control-Request-Method) whose origin the policies allow is answered with 200; one of another origin is passed on unless
 * forward_not_matching_preflights is false, and so is every other request. Requests without a route and those that the proxy answers
 * itself have no policy (Route::routeEntry is null for them). The answer is no local reply: local_reply_config does not touch it.
 */
export const runCors: RunHttpFilter = (context, filter, walk, next) => {
  const { request, connection, choice } = context;
  if (request.method !== 'OPTIONS' || choice.route === null || isDirect(choice.route)) return next(walk);
  const origin = request.headers.get('origin');
  const method = request.headers.get('access-control-request-method');
  if (origin === null || origin === '' || method === null || method === '') return next(walk);
  const policies = corsPolicies(context, choice.route, filter);
  if (isUnknown(policies)) return undetermined(walk, policies);
  const [nearest] = policies;
  if (nearest === undefined) return next(walk);
  const beyond = policies.map(unknownPolicy).find((problem) => problem !== undefined);
  if (beyond !== undefined) return undetermined(walk, beyond);
  const share = enabledShare(nearest, connection.runtime);
  if (isUnknown(share)) return undetermined(walk, share);
  if (share === 0) return next(walk);
  if (isUnknown(origin)) return undetermined(walk, origin);
  if (isUnknown(method)) return undetermined(walk, method);
  const allowed = originAllowed(policies, origin);
  if (allowed !== true && forwardsOthers(policies))
    return isUnknown(allowed) ? undetermined(walk, allowed) : next(walk);
  const doubt = unsureWhenAnswered(context, 200);
  if (doubt !== null) return undetermined(walk, doubt);
  const replied = step('http-filter', 'replied', filter.name, { reasons: [reason(origin, allowed)], cites: policies });
  if (share === 1) return reply(withStep(walk, replied));
  return [...reply(withStep(branch(walk, share), replied)), ...next(branch(walk, 1 - share))];
};

function reason(origin: string, allowed: Truth): string {
  if (isUnknown(allowed)) return `preflight of the origin ${origin}, whether it is allowed or not`;
  return allowed
    ? `preflight of the allowed origin ${origin}`
    : `preflight of the origin ${origin}, which is not allowed`;
}

function reply(walk: Walk): EnvoyOutcome[] {
  const flag = walk.flags.length === 0 ? null : walk.flags.join(',');
  return end(walk, {
    kind: 'reply',
    status: 200,
    grpcStatus: null,
    flag,
    detail: 'cors_response',
    body: '',
    delaySeconds: walk.delay,
    denied: false,
  });
}

/** A redirect or direct response (DirectResponseEntry). */
function isDirect(route: Cursor): boolean {
  return field(route, 'redirect').exists || field(route, 'direct_response').exists;
}

/**
 * Every policy that concerns a request, the most specific first (CorsFilter::initializeCorsPolicies): the filter's own ones; where no
 * level has one, the older `cors` fields of the route and of the virtual host.
 */
function corsPolicies({ choice }: HttpContext, route: Cursor, filter: HttpFilter): readonly Cursor[] | Unknown {
  const own = allOverrides(choice, filter.name);
  const foreign = own.find((override) => typeName(override) !== TYPE);
  if (foreign !== undefined) return foreignOverride({ ...filter, override: foreign });
  if (own.length > 0) return own.map(typedMessage);
  const older = [fields(route, 'route', 'cors')];
  if (choice.virtualHost !== null) older.push(field(choice.virtualHost, 'cors'));
  return older.filter((policy) => policy.exists);
}

const unknownPolicy = (policy: Cursor): Unknown | undefined => unknownField(policy, KNOWN);

/**
 * How likely a policy is on: the most specific alone says so. The filter asks twice whether it is on and whether it only counts
 * (shadow_enabled), drawing anew each time. It passes a request on where it is neither on nor counting at first, and where it is
 * counting and not on then (CorsFilter::decodeHeaders): one that is off for all but counts some counts at first and does not then
 * for a part of them, and treats that part as if it were on.
 * @returns from 0 to 1
 */
function enabledShare(policy: Cursor, runtime: Runtime): number | Unknown {
  const enabled = drawn(field(policy, 'filter_enabled'), 1, runtime);
  if (isUnknown(enabled) || enabled === 1) return enabled;
  const shadow = drawn(field(policy, 'shadow_enabled'), 0, runtime);
  if (isUnknown(shadow)) return shadow;
  const off = 1 - enabled;
  return (1 - off * (1 - shadow)) * (1 - off * shadow);
}

/** How often a RuntimeFractionalPercent is drawn. @param otherwise where there is none */
function drawn(fraction: Cursor, otherwise: number, runtime: Runtime): number | Unknown {
  if (!fraction.exists) return otherwise;
  const overridden = runtime.overridden(field(fraction, 'runtime_key').string() ?? '');
  return overridden ?? fractionProbability(readFraction(field(fraction, 'default_value')));
}

/** One matcher that takes `*` or the origin is enough, of the first policy that has matchers (CorsFilter::isOriginAllowed). */
function originAllowed(policies: readonly Cursor[], origin: string): Truth {
  const lists = policies.map((policy) => field(policy, 'allow_origin_string_match').items());
  const matchers = lists.find((list) => list.length > 0) ?? [];
  return any(matchers, (matcher) => any(['*', origin], (text) => matchString(matcher, text)));
}

/** Whether preflights of other origins are passed on, as the first policy has it that says so; else they are. */
function forwardsOthers(policies: readonly Cursor[]): boolean {
  for (const policy of policies) {
    const forwards = field(policy, 'forward_not_matching_preflights').boolean();
    if (forwards !== undefined) return forwards;
  }
  return true;
}
