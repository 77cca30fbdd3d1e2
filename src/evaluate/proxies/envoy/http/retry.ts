/**
 * What the router asks again (source/common/router/retry_state_impl.cc).
 *
 * In: the retry policy that counts for a request, its headers, and the cluster that it goes to. Out: which losses and answers are tried
 * again, and how often. It must not know hosts.
 */
import type { Unknown } from '../../../../model/branching.ts';
import type { Retries } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { retriesAllowed } from '../cluster/circuit-breaker.ts';
import type { Priority } from '../cluster/circuit-breaker.ts';
import { httpProtocolOptions } from '../cluster/upstream-http.ts';
import { headerTest } from '../match/header-match.ts';
import type { HeaderView } from '../match/header-match.ts';
import { memoised } from '../memo.ts';
import { field, typeName, unknown, unknownField } from '../proto-json.ts';
import type { Runtime } from '../runtime.ts';
import { any, isUnknown } from '../truth.ts';
import type { Truth } from '../truth.ts';

/** Conditions that a policy and the header x-envoy-retry-on may name (RetryStateImpl::parseRetryOn). */
const CONDITIONS = new Set([
  '5xx',
  'gateway-error',
  'connect-failure',
  'envoy-ratelimited',
  'http3-post-connect-failure',
  'refused-stream',
  'reset',
  'reset-before-request',
  'retriable-4xx',
  'retriable-headers',
  'retriable-status-codes',
]);

/** What each condition on grpc-status stands for (RetryStateImpl::parseRetryGrpcOn). */
const GRPC_CONDITIONS: Readonly<Record<string, number>> = {
  cancelled: 1,
  'deadline-exceeded': 4,
  internal: 13,
  'resource-exhausted': 8,
  unavailable: 14,
};

/** Under which a failed connection is tried again (wouldRetryFromReset). */
const ON_CONNECT_FAILURE = ['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure'];

/** The same when an established connection is reset before an answer. */
const ON_RESET = ['5xx', 'gateway-error', 'reset'];

const GATEWAY_ERRORS = new Set([502, 503, 504]);
const CONFLICT = 409;

/** Statuses that an internal redirect may follow, instead of passing them on. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

const PREVIOUS_HOSTS = 'envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate';

/** Fields of a RetryPolicy that are read here, or that tell when it is tried again and on what kind of socket. */
const KNOWN = new Set([
  'retry_on',
  'num_retries',
  'per_try_timeout',
  'per_try_idle_timeout',
  'retry_priority',
  'retry_host_predicate',
  'retry_options_predicates',
  'host_selection_retry_max_attempts',
  'retriable_status_codes',
  'retry_back_off',
  'rate_limited_retry_back_off',
  'retriable_headers',
  'retriable_request_headers',
]);

/** Headers of a request that the router takes for itself (RetryStateImpl::create). */
export const RETRY_HEADERS = [
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-max-retries',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-upstream-rq-per-try-timeout-ms',
] as const;

/** What counts for the retries of a request. */
export interface Retrying {
  /** Of the route. */
  readonly action: Cursor;
  readonly virtualHost: Cursor | null;
  /** Absent: the proxy has no such cluster. */
  readonly cluster: Cursor | undefined;
  readonly priority: Priority;
  /** As they are sent on. */
  readonly headers: Pick<HeaderView, 'get'>;
  /** As filters left them. */
  readonly asked: HeaderView;
  readonly runtime: Runtime;
}

/** What is asked again for a request; null: nothing. */
export function retriesOf(from: Retrying): Retries | null {
  const { action, cluster, runtime } = from;
  const policy = policyOf(from);
  const read = policy === null ? NO_POLICY : readPolicy(policy);
  const asked = askedFor(from);
  if (policy === null && asked === null) return withRedirects(null, action);
  const doubt =
    (isUnknown(asked) ? asked : null) ?? read.beyond ?? runtime.shown('upstream.use_retry') ?? headersMatch(read, from);
  if (doubt === false) return withRedirects(null, action);
  const allowed = cluster === undefined ? true : retriesAllowed(cluster, from.priority);
  const found = [doubt, allowed].find(isUnknown);
  if (found !== undefined) return unsure(found, read);
  const merged = merge(read, isUnknown(asked) ? null : asked);
  return withRedirects(
    {
      count: allowed === true ? merged.count : 0,
      spent: allowed === true || merged.count === 0 ? 'URX' : 'UO',
      hostRedraws: merged.hostRedraws,
      onConnectFailure: ON_CONNECT_FAILURE.some((condition) => merged.conditions.has(condition)),
      onReset: ON_RESET.some((condition) => merged.conditions.has(condition)),
      onAnswer: (status, grpcStatus) => asksAgain(merged, status, grpcStatus),
    },
    action,
  );
}

/** The policy of the cluster, which replaces that of the route, which replaces that of the virtual host, each as a whole. */
export function policyOf({
  action,
  virtualHost,
  cluster,
}: Pick<Retrying, 'action' | 'virtualHost' | 'cluster'>): Cursor | null {
  const holders = [...(cluster === undefined ? [] : [httpProtocolOptions(cluster)]), action];
  if (virtualHost !== null) holders.push(virtualHost);
  return holders.map((holder) => field(holder, 'retry_policy')).find((policy) => policy.exists) ?? null;
}

/** A retry policy as it stands there. */
interface Policy {
  readonly conditions: ReadonlySet<string>;
  readonly count: number;
  readonly statuses: readonly number[];
  /** Why it is not known whether an answer with certain headers is tried again; null: none is. */
  readonly byHeaders: Unknown | null;
  readonly hostRedraws: number | Unknown;
  /** Something in it that is not understood. */
  readonly beyond: Unknown | null;
  /** Requests that it is for have one of these headers; none: it is for all. */
  readonly requests: readonly ((headers: HeaderView) => Truth)[];
}

const NO_POLICY: Policy = {
  conditions: new Set(),
  count: 1,
  statuses: [],
  byHeaders: null,
  hostRedraws: 0,
  beyond: null,
  requests: [],
};

const readPolicy = memoised((policy): Policy => {
  const byHeaders = field(policy, 'retriable_headers');
  return {
    conditions: conditionsIn(field(policy, 'retry_on').string() ?? '', true, true),
    count: field(policy, 'num_retries').number() ?? 1,
    statuses: field(policy, 'retriable_status_codes')
      .items()
      .flatMap((code) => code.number() ?? []),
    byHeaders:
      byHeaders.items().length === 0 ? null : unknown('whether headers of the answer ask for a retry', byHeaders),
    hostRedraws: hostRedraws(policy),
    beyond: unknownField(policy, KNOWN) ?? null,
    requests: field(policy, 'retriable_request_headers')
      .items()
      .map((matcher) => headerTest(matcher)),
  };
});

function conditionsIn(text: string, http: boolean, grpc: boolean): Set<string> {
  const names = text.split(',').map((condition) => condition.trim());
  return new Set(names.filter((name) => (http && CONDITIONS.has(name)) || (grpc && name in GRPC_CONDITIONS)));
}

/** Under the predicate that refuses hosts which were tried (source/extensions/retry/host/previous_hosts; router.h, hostSelectionRetryCount). */
function hostRedraws(policy: Cursor): number | Unknown {
  const priority = field(policy, 'retry_priority');
  if (priority.exists) return unknown('which priority a retry takes is not evaluated', priority);
  const predicates = field(policy, 'retry_host_predicate').items();
  const other = predicates.find((predicate) => typeName(field(predicate, 'typed_config')) !== PREVIOUS_HOSTS);
  if (other !== undefined) return unknown('which hosts a retry refuses is not evaluated', other);
  return predicates.length === 0 ? 0 : (field(policy, 'host_selection_retry_max_attempts').number() ?? 1);
}

/** What the headers of a request ask for beside its policy. */
interface Asked {
  readonly conditions: ReadonlySet<string>;
  /** null: what the policy says. */
  readonly count: number | null;
  readonly statuses: readonly number[];
  readonly byHeaders: Unknown | null;
}

/** null: they ask for nothing, so that without a policy nothing is tried again. */
function askedFor({ headers }: Retrying): Asked | Unknown | null {
  const values = RETRY_HEADERS.map((name) => headers.get(name));
  const open = values.find(isUnknown);
  if (open !== undefined) return open;
  const [on, grpcOn, most, , names, codes] = values.map((value) => (typeof value === 'string' ? value : null));
  if ([on, grpcOn, most, names, codes].every((value) => value === null)) return null;
  return {
    conditions: new Set([...conditionsIn(on ?? '', true, false), ...conditionsIn(grpcOn ?? '', false, true)]),
    count: numberIn(most ?? ''),
    statuses: (codes ?? '').split(',').flatMap((code) => numberIn(code) ?? []),
    byHeaders:
      names === null || names === undefined
        ? null
        : unknown('the request names headers of answers that ask for a retry'),
  };
}

/** As absl::SimpleAtoi reads an unsigned number; null: it is none. */
function numberIn(text: string): number | null {
  return /^[ \t\n\v\f\r]*\+?\d{1,9}[ \t\n\v\f\r]*$/.test(text) ? Number(text.trim()) : null;
}

/** Whether the policy is for this request; null: it is. A policy that is not for it tries nothing again, whatever the headers ask for. */
function headersMatch({ requests }: Policy, { asked }: Retrying): Unknown | false | null {
  if (requests.length === 0) return null;
  const matches = any(requests, (test) => test(asked));
  return matches === true ? null : matches;
}

function merge(policy: Policy, asked: Asked | null): Policy {
  if (asked === null) return policy;
  const conditions = new Set([...policy.conditions, ...asked.conditions]);
  return {
    ...policy,
    conditions,
    count: conditions.size === 0 ? policy.count : (asked.count ?? policy.count),
    statuses: [...policy.statuses, ...asked.statuses],
    byHeaders: policy.byHeaders ?? asked.byHeaders,
  };
}

/** wouldRetryFromHeaders. An answer that a proxy gives itself carries no header x-envoy-ratelimited. */
function asksAgain({ conditions, statuses, byHeaders }: Policy, status: number, grpcStatus: number | null): Truth {
  const asks =
    (conditions.has('5xx') && status >= 500 && status < 600) ||
    (conditions.has('gateway-error') && GATEWAY_ERRORS.has(status)) ||
    (conditions.has('retriable-4xx') && status === CONFLICT) ||
    (conditions.has('retriable-status-codes') && statuses.includes(status)) ||
    [...conditions].some((condition) => grpcStatus !== null && GRPC_CONDITIONS[condition] === grpcStatus);
  if (asks) return true;
  return conditions.has('retriable-headers') && byHeaders !== null ? byHeaders : false;
}

/** A redirect that the proxy itself may follow is no answer for its client (Filter::setupRedirect). */
function withRedirects(retries: Retries | null, action: Cursor): Retries | null {
  const follows = ['internal_redirect_policy', 'internal_redirect_action']
    .map((name) => field(action, name))
    .find((one) => one.exists);
  if (follows === undefined) return retries;
  const open = unknown('whether the proxy follows the redirect itself is not evaluated', follows);
  const known = retries ?? {
    count: 0,
    spent: 'URX',
    hostRedraws: 0,
    onConnectFailure: false,
    onReset: false,
    onAnswer: () => false,
  };
  return {
    ...known,
    onAnswer: (status, grpcStatus) => (REDIRECTS.has(status) ? open : known.onAnswer(status, grpcStatus)),
  };
}

/** Retries of which it is not known what they are for. */
function unsure(open: Unknown, { count, hostRedraws: redraws }: Policy): Retries {
  return {
    count,
    spent: 'URX',
    hostRedraws: redraws,
    onConnectFailure: open,
    onReset: open,
    onAnswer: () => open,
  };
}
