import type { Unknown } from '../../../../model/branching.ts';
import type { TimeLimits } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { HeaderView } from '../match/header-match.ts';
import { memoised } from '../memo.ts';
import { field, fields, isTrue, seconds, unknown } from '../proto-json.ts';
import { isUnknown } from '../truth.ts';
import type { RequestView } from './request-view.ts';

/** Of a route that names none (RouteEntryImplBase). */
const DEFAULT_TIMEOUT_S = 15;

/** Of a connection manager that names no stream_idle_timeout. */
const DEFAULT_IDLE_S = 300;

/** Between retries, unless the policy says otherwise (RetryStateImpl, backoff_strategy_). */
const DEFAULT_PAUSE_S = 0.025;
const PAUSE_FACTOR = 10;

/** Headers by which a client that is trusted sets limits. */
const LIMITING_HEADERS = ['x-envoy-upstream-rq-timeout-ms', 'x-envoy-upstream-rq-per-try-timeout-ms'];

/** Of the router filter: a header of the proxy before it limits the time as well. */
const RESPECTS = 'respect_expected_rq_timeout';

/** What counts for the limits of a request. */
interface Limiting {
  readonly hcm: Cursor;
  /** Of the route. */
  readonly action: Cursor;
  readonly virtualHost: Cursor | null;
  /** The retry policy that counts; null: none does. */
  readonly policy: Cursor | null;
  readonly request: Pick<RequestView, 'upgrade' | 'grpc'>;
  readonly headers: Pick<HeaderView, 'get'>;
}

/**
 * How long the router waits for an answer (Filter::onRequestComplete, FilterUtility::finalTimeout, source/common/router/router.cc). What is
 * upgraded never completes its request, so that no limit begins.
 */
export function timeLimits(from: Limiting): TimeLimits | Unknown | null {
  const { action, policy, request, headers } = from;
  if (request.upgrade !== null) return null;
  const respecting = respectedTimeout(from.hcm);
  if (respecting !== undefined) return unknown(`what ${RESPECTS} limits is not evaluated`, respecting);
  const named = [...LIMITING_HEADERS, ...(request.grpc ? ['grpc-timeout'] : [])];
  for (const name of named) {
    const value = headers.get(name);
    if (isUnknown(value)) return value;
    if (value !== null) return unknown(`what the header ${name} limits is not evaluated`);
  }
  const grpc = field(action, 'max_grpc_timeout');
  if (request.grpc && grpc.exists) return unknown('the limit of time for gRPC is not evaluated', grpc);
  const each = policy === null ? 0 : (seconds(field(policy, 'per_try_timeout')) ?? 0);
  const hedge = hedgeOf(from);
  if (each > 0 && hedge !== undefined) return unknown('hedging is not evaluated', hedge);
  const all = seconds(field(action, 'timeout')) ?? DEFAULT_TIMEOUT_S;
  return {
    all: all === 0 ? null : all,
    each: each === 0 ? null : each,
    other: shortestOther(from),
    pause: pauseOf(policy),
  };
}

const respectedTimeout = memoised((hcm) =>
  field(hcm, 'http_filters')
    .items()
    .map((filter) => field(field(filter, 'typed_config'), RESPECTS))
    .find((respects) => respects.boolean() === true),
);

function hedgeOf({ action, virtualHost }: Limiting): Cursor | undefined {
  return [action, ...(virtualHost === null ? [] : [virtualHost])]
    .map((holder) => field(holder, 'hedge_policy'))
    .find((hedge) => isTrue(hedge, 'hedge_on_per_try_timeout'));
}

/** The shortest of all other limits that may end a request which waits for its answer, in seconds. */
function shortestOther({ hcm, action, policy }: Limiting): number {
  const others = [
    fields(action, 'max_stream_duration', 'max_stream_duration'),
    field(action, 'idle_timeout'),
    field(hcm, 'stream_idle_timeout'),
    fields(hcm, 'common_http_protocol_options', 'max_stream_duration'),
    ...(policy === null ? [] : [field(policy, 'per_try_idle_timeout')]),
  ].flatMap((one) => seconds(one) ?? []);
  return Math.min(DEFAULT_IDLE_S, ...others.filter((one) => one > 0));
}

function pauseOf(policy: Cursor | null): number {
  if (policy === null) return 0;
  const backOff = field(policy, 'retry_back_off');
  const base = seconds(field(backOff, 'base_interval')) ?? DEFAULT_PAUSE_S;
  return seconds(field(backOff, 'max_interval')) ?? base * PAUSE_FACTOR;
}
