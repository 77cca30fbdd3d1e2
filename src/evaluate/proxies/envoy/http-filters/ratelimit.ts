import type { Cursor } from '../../../../model/json.ts';
import { isEmptyCluster } from '../cluster/host-set.ts';
import type { HttpContext } from '../http/http-context.ts';
import { localReply } from '../http/http-context.ts';
import { readStatusCode } from '../http/status-code.ts';
import { field, fields, isTrue, unknown } from '../proto-json.ts';
import { step, undetermined, withStep } from '../walk.ts';
import type { RunHttpFilter } from './filter.ts';

const ERROR = 500;

/**
 * envoy.filters.http.ratelimit (source/extensions/filters/http/ratelimit/ratelimit.cc): nothing is asked where neither route, virtual
 * host nor filter has a rate limit; else a service decides. One whose cluster has no host cannot answer: then the request passes, or,
 * with failure_mode_deny, is answered with status_on_error (500 unless set) and the flag RLSE.
 */
export const runRateLimit: RunHttpFilter = (context, filter, walk, next) => {
  const { route, virtualHost } = context.choice;
  if (route === null) return next(walk);
  const own = field(field(route, 'route'), 'rate_limits');
  const limits = [own, field(filter.config, 'rate_limits')];
  if (virtualHost !== null) limits.push(field(virtualHost, 'rate_limits'));
  if (!limits.some((list) => list.exists) && filter.override === null) return next(walk);
  const { config } = filter;
  const reason = 'a rate limit service decides';
  const asked = unknown(`HTTP filter ${filter.name}: ${reason}`, filter.entry.at('name'));
  const opaque = withStep(walk, step('http-filter', 'unknown', filter.name, { reasons: [reason] }));
  const cluster = fields(config, 'rate_limit_service', 'grpc_service', 'envoy_grpc', 'cluster_name').string();
  if (cluster === undefined || !isEmptyCluster(context.connection.facts, context.connection.config, cluster))
    return undetermined(opaque, asked);
  const reasons = [`its cluster ${cluster} has no host`];
  const share = field(config, 'failure_mode_deny_percent');
  if (share.exists) return undetermined(opaque, asked);
  if (!isTrue(config, 'failure_mode_deny')) {
    const passed = step('http-filter', 'passed', filter.name, { reasons, cites: [filter.entry.at('name')] });
    return next(withStep(walk, passed));
  }
  if (filter.override !== null || !alwaysAsks(context, config, own)) return undetermined(opaque, asked);
  const code = field(field(config, 'status_on_error'), 'code');
  const status = code.exists ? readStatusCode(code) : ERROR;
  const denied = withStep(
    walk,
    step('http-filter', 'denied', filter.name, { reasons, cites: [filter.entry.at('name')] }),
  );
  if (status === undefined) return undetermined(denied, asked);
  return localReply(context, denied, { status, flag: 'RLSE', detail: 'rate_limiter_error', body: '' });
};

const STAGE = 0;

/** Whether some rate limit of the route describes every request; a service is not asked about a request that none describes. */
function alwaysAsks({ connection }: HttpContext, config: Cursor, limits: Cursor): boolean {
  // Runtime switches the filter off, or on for a part of the requests.
  const runtime = ['ratelimit.http_filter_enabled', 'ratelimit.http_filter_enforcing'];
  if (runtime.some((key) => connection.runtime.overridden(key) !== null)) return false;
  const stage = field(config, 'stage').number() ?? STAGE;
  if (field(config, 'request_type').exists && field(config, 'request_type').string() !== 'both') return false;
  return limits.items().some((limit) => {
    const actions = field(limit, 'actions').items();
    const plain = actions.length > 0 && actions.every((action) => field(action, 'generic_key').exists);
    const always = ['disable_key', 'limit', 'hits_addend', 'apply_on_stream_done'].every(
      (name) => !field(limit, name).exists,
    );
    return plain && always && (field(limit, 'stage').number() ?? STAGE) === stage;
  });
}
