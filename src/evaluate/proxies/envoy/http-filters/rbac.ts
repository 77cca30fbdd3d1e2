import type { Unknown } from '../../../../model/branching.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { localReply } from '../http/http-context.ts';
import type { HttpContext } from '../http/http-context.ts';
import { withoutQuery } from '../http/path.ts';
import { readRequestInput } from '../http/request-input.ts';
import { TRIMS_SEGMENTS, withoutPathParameters } from '../http/route-match.ts';
import { ignoresPathParameters } from '../http/route-selection.ts';
import { decideByMatcher, decideRbac, denialDetail } from '../rbac/engine.ts';
import { HTTP_RBAC_METADATA, shadowMetadata } from '../rbac/shadow-metadata.ts';
import { rbacStep } from '../rbac/step.ts';
import type { RbacSubject } from '../rbac/subject.ts';
import { dynamicMetadata } from '../rbac/dynamic-metadata.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep } from '../walk.ts';
import type { SetMetadata } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const KNOWN = new Set([
  '@type',
  'rules',
  'matcher',
  'rules_stat_prefix',
  'shadow_rules',
  'shadow_matcher',
  'shadow_rules_stat_prefix',
  'track_per_rule_stats',
]);

/**
 * envoy.filters.http.rbac (source/extensions/filters/http/rbac/rbac_filter.cc). An RBACPerRoute replaces the rules, with none it
 * lifts them. Shadow rules decide nothing, but what they would say is noted as dynamic metadata, which filters after this one may ask
 * for. A denial is answered with 403 and `RBAC: access denied`.
 */
export const runRbac: RunHttpFilter = (context, filter, entering, next) => {
  const perRoute = overrideOf(filter, 'envoy.extensions.filters.http.rbac.v3.RBACPerRoute');
  if (perRoute === 'mismatch') return undetermined(entering, foreignOverride(filter));
  const config = perRoute === null ? filter.config : field(perRoute, 'rbac');
  const beyond = unknownField(config, KNOWN);
  if (beyond !== undefined) return undetermined(entering, beyond);
  const read = readRequestInput(context.request, context.connection);
  const asked = { read, subject: () => subjectOf(context, entering.metadata) };
  const noted = shadowMetadata(HTTP_RBAC_METADATA, config, filter.config, asked);
  const walk = noted.length === 0 ? entering : { ...entering, metadata: [...entering.metadata, ...noted] };
  const rules = field(config, 'rules');
  const matcher = field(config, 'matcher');
  if (!rules.exists && !matcher.exists) return next(walk);
  // A matcher counts where both are given (createEngine, source/extensions/filters/common/rbac/utility.h).
  const decision = matcher.exists
    ? decideByMatcher(matcher, read)
    : decideRbac(rules, subjectOf(context, entering.metadata));
  if (isUnknown(decision)) return undetermined(withStep(walk, step('http-filter', 'unknown', filter.name)), decision);
  const decided = withStep(walk, rbacStep('http-filter', filter.name, decision));
  if (decision.allowed) return next(decided);
  return localReply(context, decided, {
    status: 403,
    flag: null,
    detail: denialDetail(decision),
    body: 'RBAC: access denied',
    denied: true,
  });
};

/** @param set dynamic metadata that filters before have set */
function subjectOf(context: HttpContext, set: readonly SetMetadata[]): RbacSubject {
  const { connection, request } = context;
  return {
    headers: request.headers,
    path: pathForRules(context),
    localAddress: connection.socket.localAddress,
    localPort: connection.socket.localPort,
    directRemoteAddress: connection.socket.directAddress,
    connectionRemoteAddress: connection.socket.remoteAddress,
    remoteAddress: context.remoteAddress,
    serverName: connection.socket.serverName,
    tls: connection.tls,
    metadata: (name) => dynamicMetadata(context.hcm, set, name),
  };
}

/**
 * The path as rules see it: from Envoy 1.39 on without its parameters, where the request has a route of a configuration that ignores them.
 */
function pathForRules({ request, choice }: HttpContext): string | null | Unknown {
  if (!request.hasPath) return null;
  const { path, envoyMinor } = request;
  const bare = withoutQuery(path);
  const routed = choice.route !== null || choice.tlsRedirect;
  const { routeConfig } = choice;
  if (!bare.includes(';') || !routed || routeConfig === null || !ignoresPathParameters(routeConfig)) return path;
  if (envoyMinor === undefined) return unknown('whether rules see path parameters depends on the version of Envoy');
  return envoyMinor < TRIMS_SEGMENTS ? path : withoutPathParameters(bare);
}
