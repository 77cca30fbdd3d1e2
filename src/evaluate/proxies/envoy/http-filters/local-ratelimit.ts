import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { localReply } from '../http/http-context.ts';
import { readStatusCode } from '../http/status-code.ts';
import { field, fields, isTrue, typedMessage, unknown, unknownField } from '../proto-json.ts';
import { fractionProbability, readFraction } from '../runtime.ts';
import { bucketCondition } from '../token-bucket.ts';
import { branch, step, undetermined, withStep } from '../walk.ts';
import type { Walk } from '../walk.ts';
import { foreignOverride, overrideOf } from './filter.ts';
import type { RunHttpFilter } from './filter.ts';

const TYPE = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const KNOWN = new Set([
  '@type',
  'stat_prefix',
  'status',
  'token_bucket',
  'filter_enabled',
  'filter_enforced',
  'request_headers_to_add_when_not_enforced',
  'response_headers_to_add',
  'descriptors',
  'stage',
  'local_rate_limit_per_downstream_connection',
  'local_cluster_rate_limit',
  'enable_x_ratelimit_headers',
  'vh_rate_limits',
  'always_consume_default_token_bucket',
  'rate_limited_as_resource_exhausted',
  'rate_limits',
  'max_dynamic_descriptors',
]);
const TOO_MANY_REQUESTS = 429;
/** Of gRPC. */
const RESOURCE_EXHAUSTED = 8;

/**
 * envoy.filters.http.local_ratelimit (source/extensions/filters/http/local_ratelimit/local_ratelimit.cc): for the part of requests
 * for which it is enabled and enforced, both none unless set, a request passes while its bucket holds tokens and is answered with
 * 429 and the flag RL when it is empty. Which of the two holds is the condition; descriptors only choose the bucket.
 */
export const runLocalRateLimit: RunHttpFilter = (context, filter, walk, next) => {
  const override = overrideOf(filter, TYPE);
  if (override === 'mismatch') return undetermined(walk, foreignOverride(filter));
  const config = typedMessage(override ?? filter.config);
  const { runtime } = context.connection;
  const enabled = field(config, 'filter_enabled');
  const enforced = field(config, 'filter_enforced');
  const problem = [enabled, enforced].reduce(
    (found, fraction) => found ?? runtime.overridden(field(fraction, 'runtime_key').string() ?? ''),
    unknownField(config, KNOWN) ?? null,
  );
  if (problem !== null) return undetermined(walk, problem);
  const share = shareOf(enabled) * shareOf(enforced);
  if (share === 0) return next(walk);
  const bucket = field(config, 'token_bucket');
  if (!bucket.exists) return undetermined(walk, unknown(`rate limit ${filter.name} has no default bucket`, enabled));
  const limited = (taken: Walk): EnvoyOutcome[] => {
    const code = readStatusCode(fields(config, 'status', 'code')) ?? TOO_MANY_REQUESTS;
    const decided = (used: boolean): Walk => branch(taken, 1, bucketCondition(filter.name, bucket, used));
    const full = withStep(decided(true), step('http-filter', 'replied', filter.name, { cites: [bucket] }));
    return [
      ...next(withStep(decided(false), step('http-filter', 'passed', filter.name, { cites: [bucket] }))),
      ...localReply(context, full, {
        status: code < 400 ? TOO_MANY_REQUESTS : code,
        flag: 'RL',
        detail: 'local_rate_limited',
        body: 'local_rate_limited',
        ...(isTrue(config, 'rate_limited_as_resource_exhausted') && { grpcStatus: RESOURCE_EXHAUSTED }),
      }),
    ];
  };
  if (share === 1) return limited(walk);
  return [...limited(branch(walk, share)), ...next(branch(walk, 1 - share))];
};

/** A RuntimeFractionalPercent; 0 when it is absent. */
function shareOf(fraction: Cursor): number {
  return fraction.exists ? fractionProbability(readFraction(field(fraction, 'default_value'))) : 0;
}
