import { field, fields, unknownField } from '../proto-json.ts';
import { branch, end, step, undetermined, withStep } from '../walk.ts';
import { bucketCondition } from '../token-bucket.ts';
import { closed } from './closed.ts';
import type { RunNetworkFilter } from './filter.ts';

const KNOWN = new Set(['@type', 'stat_prefix', 'token_bucket', 'runtime_enabled', 'share_key']);

/**
 * envoy.filters.network.local_ratelimit (source/extensions/filters/network/local_ratelimit/local_ratelimit.cc): a connection passes
 * while the bucket holds tokens and is closed when it is empty, with the flag URX. Which of the two holds is the condition.
 */
export const runLocalRateLimit: RunNetworkFilter = (context, filter, walk, next) => {
  const { config } = filter;
  const enabled = field(config, 'runtime_enabled');
  const problem =
    unknownField(config, KNOWN) ?? context.runtime.overridden(field(enabled, 'runtime_key').string() ?? '');
  if (problem !== null) return undetermined(walk, problem);
  // A FeatureFlag without a default is off, an absent one is on (RuntimeFeature).
  if (enabled.exists && fields(enabled, 'default_value').boolean() === false) return next(walk);
  const bucket = field(config, 'token_bucket');
  const decided = (used: boolean, action: string): typeof walk =>
    withStep(
      branch(walk, 1, bucketCondition(filter.name, bucket, used)),
      step('network-filter', action, filter.name, { cites: [bucket] }),
    );
  const close = closed(context, { flag: 'URX', detail: null, denied: false });
  return [...next(decided(false, 'passed')), ...end(decided(true, 'closed'), close)];
};
