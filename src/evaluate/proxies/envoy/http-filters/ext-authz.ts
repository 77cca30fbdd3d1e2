import type { IstioReference } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { isEmptyCluster } from '../cluster/host-set.ts';
import { withHeaders } from '../http/changed-request.ts';
import { localReply } from '../http/http-context.ts';
import { readStatusCode } from '../http/status-code.ts';
import { policyReference } from '../istio-reference.ts';
import { field, fields, isTrue, unknown } from '../proto-json.ts';
import { readFraction } from '../runtime.ts';
import { enabledByMetadata } from '../rbac/enabled-by-metadata.ts';
import { HTTP_RBAC_METADATA, isShadowKey } from '../rbac/shadow-metadata.ts';
import { isUnknown } from '../truth.ts';
import { step, undetermined, withStep, type Walk } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const PER_ROUTE = 'envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute';

/**
 * envoy.filters.http.ext_authz (source/extensions/filters/http/ext_authz/ext_authz.cc): asks a service, whose answer is in no dump.
 * It is not asked where the route, filter_enabled or filter_enabled_metadata switches that off. A service whose cluster has no host
 * cannot answer: then failure_mode_allow lets the request pass, and without it the answer is status_on_error (403 unless set) with
 * the flag UAEX.
 */
export const runExtAuthz: RunHttpFilter = (context, filter, walk, next) => {
  const perRoute = overrideOf(filter, PER_ROUTE);
  if (perRoute === 'mismatch') return undetermined(walk, foreignOverride(filter));
  // A request without a route is not asked about (Filter::getPerRouteFlags).
  if (context.choice.route === null && !context.choice.tlsRedirect) return next(walk);
  if (perRoute !== null && isTrue(perRoute, 'disabled')) return next(walk);
  const { config } = filter;
  const { connection } = context;
  const asked = unknown(
    `HTTP filter ${filter.name}: an external authorization service decides`,
    filter.entry.at('name'),
  );
  const gate = field(config, 'filter_enabled');
  const { numerator, denominator } = gate.exists ? readFraction(field(gate, 'default_value')) : ALWAYS;
  const overridden = connection.runtime.overridden(field(gate, 'runtime_key').string() ?? '');
  const condition = field(config, 'filter_enabled_metadata');
  const wanted = condition.exists ? enabledByMetadata(condition, HTTP_RBAC_METADATA, walk) : true;
  if (wanted === false || (overridden === null && numerator === 0)) {
    if (field(config, 'deny_at_disable').exists) return undetermined(walk, asked);
    if (wanted !== false) return next(walk);
    const reasons = ['its metadata condition does not hold: the service is not asked'];
    return next(withStep(walk, step('http-filter', 'passed', filter.name, { reasons, cites: [condition] })));
  }
  if (isUnknown(wanted)) return undetermined(withStep(walk, step('http-filter', 'unknown', filter.name)), wanted);
  if (overridden !== null || numerator < denominator) return undetermined(walk, asked);
  const plain = !field(config, 'with_request_body').exists;
  const cluster = serviceCluster(config);
  if (
    !plain ||
    cluster === null ||
    perRoute !== null ||
    !isEmptyCluster(connection.facts, connection.config, cluster)
  ) {
    return undetermined(withStep(walk, step('http-filter', 'unknown', filter.name)), asked);
  }
  const reasons = [`its cluster ${cluster} has no host`];
  if (isTrue(config, 'failure_mode_allow')) {
    const allowed = [...reasons, 'failure_mode_allow lets it pass'];
    const cites = [field(config, 'failure_mode_allow')];
    const passed = withStep(walk, step('http-filter', 'passed', filter.name, { reasons: allowed, cites }));
    if (!isTrue(config, 'failure_mode_allow_header_add')) return next(passed);
    return next(passed, withHeaders(context.request, new Map([[FAILURE_ALLOWED, ['true']]])));
  }
  const code = fields(config, 'status_on_error', 'code');
  const status = code.exists ? readStatusCode(code) : 403;
  const refused = withStep(
    walk,
    step('http-filter', 'denied', filter.name, {
      reasons,
      objects: askingPolicies(walk),
      cites: [filter.entry.at('name')],
    }),
  );
  if (status === undefined) return undetermined(refused, asked);
  return localReply(context, refused, {
    status,
    flag: 'UAEX',
    detail: 'ext_authz_error',
    body: '',
    denied: true,
  });
};

/** The AuthorizationPolicies whose shadow rules have the service asked. */
function askingPolicies({ metadata }: Walk): readonly IstioReference[] {
  return metadata.flatMap(({ filter, key, value }) => {
    const reference =
      filter === HTTP_RBAC_METADATA && isShadowKey(key) && typeof value === 'string'
        ? policyReference(value)
        : undefined;
    return reference ?? [];
  });
}

const FAILURE_ALLOWED = 'x-envoy-auth-failure-mode-allowed';
const ALWAYS = { numerator: 1, denominator: 1 };

function serviceCluster(config: Cursor): string | null {
  const grpc = fields(config, 'grpc_service', 'envoy_grpc', 'cluster_name').string();
  return grpc ?? fields(config, 'http_service', 'server_uri', 'cluster').string() ?? null;
}
