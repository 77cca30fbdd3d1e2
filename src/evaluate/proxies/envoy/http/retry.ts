import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field } from '../proto-json.ts';

/** Conditions of retry_on under which a failed connection is tried again (source/common/router/retry_state_impl.cc, wouldRetryFromReset). */
const ON_CONNECT_FAILURE = new Set(['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure']);

/** Attempts after the first when a connection fails. A policy of the route replaces that of the virtual host as a whole. */
export function retryCount(action: Cursor, virtualHost: Cursor | null): number {
  const own = field(action, 'retry_policy');
  return retriesOf(own.exists || virtualHost === null ? own : field(virtualHost, 'retry_policy'));
}

const retriesOf = memoised((policy): number => {
  if (!policy.exists) return 0;
  const conditions = (field(policy, 'retry_on').string() ?? '').split(',').map((condition) => condition.trim());
  if (!conditions.some((condition) => ON_CONNECT_FAILURE.has(condition))) return 0;
  return field(policy, 'num_retries').number() ?? 1;
});
