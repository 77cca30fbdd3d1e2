import type { Cursor } from '../../../../model/json.ts';
import { memoised } from '../memo.ts';
import { field, typeName } from '../proto-json.ts';

/** Conditions of retry_on under which a failed connection is tried again (source/common/router/retry_state_impl.cc, wouldRetryFromReset). */
const ON_CONNECT_FAILURE = new Set(['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure']);

/** The same when an established connection is reset before an answer. */
const ON_RESET = new Set(['5xx', 'gateway-error', 'reset']);

/** Attempts after the first. */
export interface Retries {
  readonly onConnectFailure: number;
  readonly onReset: number;
  /** How often a retry draws another host for one that was tried before; 0: it takes any. */
  readonly hostRedraws: number;
}

const NONE: Retries = { onConnectFailure: 0, onReset: 0, hostRedraws: 0 };
const PREVIOUS_HOSTS = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';

/** How often a request is tried again. A policy of the route replaces that of the virtual host as a whole. */
export function retryCounts(action: Cursor, virtualHost: Cursor | null): Retries {
  return policyOf(action) ?? (virtualHost === null ? null : policyOf(virtualHost)) ?? NONE;
}

function policyOf(holder: Cursor): Retries | null {
  const policy = field(holder, 'retry_policy');
  return policy.exists ? readPolicy(policy) : null;
}

const readPolicy = memoised((policy): Retries => {
  const conditions = (field(policy, 'retry_on').string() ?? '').split(',').map((condition) => condition.trim());
  const retries = field(policy, 'num_retries').number() ?? 1;
  const count = (set: ReadonlySet<string>): number =>
    conditions.some((condition) => set.has(condition)) ? retries : 0;
  return { onConnectFailure: count(ON_CONNECT_FAILURE), onReset: count(ON_RESET), hostRedraws: hostRedraws(policy) };
});

/** Under the predicate that refuses hosts which were tried (source/extensions/retry/host/previous_hosts; router.h, hostSelectionRetryCount). */
function hostRedraws(policy: Cursor): number {
  const predicates = field(policy, 'retry_host_predicate').items();
  const refuses = predicates.some((predicate) => typeName(field(predicate, 'typed_config')) === PREVIOUS_HOSTS);
  return refuses ? (field(policy, 'host_selection_retry_max_attempts').number() ?? 1) : 0;
}
