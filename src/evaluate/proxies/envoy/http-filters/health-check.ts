import { matchHeaders } from '../match/header-match.ts';
import { field, unknown, unknownField } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import { undetermined } from '../walk.ts';
import type { RunHttpFilter } from './filter.ts';

const KNOWN = new Set(['@type', 'pass_through_mode', 'cache_time', 'cluster_min_healthy_percentages', 'headers']);

/**
 * envoy.filters.http.health_check (source/extensions/filters/http/health_check/health_check.cc): only what its headers describe is a
 * health check, to which the proxy answers as healthy as it is, which is in no dump.
 */
export const runHealthCheck: RunHttpFilter = ({ request }, filter, walk, next) => {
  const beyond = unknownField(filter.config, KNOWN);
  const check = beyond ?? matchHeaders(field(filter.config, 'headers').items(), request.headers);
  if (isUnknown(check)) return undetermined(walk, check);
  if (!check) return next(walk);
  const reason = `HTTP filter ${filter.name}: the answer to a health check depends on how healthy the proxy is`;
  return undetermined(walk, unknown(reason, filter.entry.at('name')));
};
