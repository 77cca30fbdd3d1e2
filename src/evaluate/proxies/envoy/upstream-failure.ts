import type { Unknown } from '../../../model/branching.ts';
import type { HeardReset, Retries, TimeLimits } from '../../../model/envoy.ts';
import type { HandshakeFailure } from '../../../model/tls.ts';
import { grpcStatusOf } from './http/status-code.ts';
import { unknown } from './proto-json.ts';
import { isUnknown } from './truth.ts';

/** A proxy that waits for its upstream. */
export interface WaitingProxy {
  /** Whether it speaks HTTP to its client, and so can answer with a status. */
  readonly http: boolean;
  /** Whether it speaks TLS of its own upstream. */
  readonly tls: boolean;
  /** Whether it answers its client as gRPC does. */
  readonly grpc: boolean;
  /** The status that it sends in place of one, as local_reply_config says. @param flags response flags that are set by then */
  mapAnswer(status: number, flags: readonly string[]): number | Unknown;
  /** What it asks again; null: nothing. */
  readonly retries: Retries | null;
  /** How long it waits for an answer; null: for ever. */
  readonly limits: TimeLimits | Unknown | null;
  /** Response flags that its filters have set on the way: `DI`; null: none has. */
  readonly flag: string | null;
}

/** How the connection to an upstream ends before there is an answer. */
export type UpstreamLoss =
  /** it is never made */
  | { readonly kind: 'connect'; readonly detail: string | null }
  /** it is closed by the other end; `handshake`: before or by way of the TLS handshake; `heard`: why HTTP/2 gives up its stream instead */
  | { readonly kind: 'closed'; readonly handshake: HandshakeFailure | null; readonly heard?: HeardReset | undefined };

/** What becomes of the client's request or connection. */
export interface UpstreamFailure {
  /** null: the client's connection is closed. */
  readonly status: number | null;
  /** null: it does not answer as gRPC does. */
  readonly grpcStatus: number | null;
  readonly flag: string | null;
  readonly detail: string | null;
  readonly attempts: number;
}

/** How a stream over an established connection is lost (Filter::onUpstreamReset, StreamInfo::CoreResponseFlag of each reason). */
const LOST = {
  connection_termination: { status: 503, flag: 'UC' },
  remote_reset: { status: 503, flag: 'UR' },
  protocol_error: { status: 502, flag: 'UPE' },
} as const;

const RESET = 'upstream_reset_before_response_started';

/**
 * What a proxy tells its client when it loses its upstream. A connection that is not made, or whose handshake fails, is UF; with URX
 * where all retries are used up, which a TCP proxy always says (source/common/router/router.cc, onUpstreamReset;
 * source/common/tcp_proxy/tcp_proxy.cc, establishUpstreamConnection). One that was established is UC over HTTP, and of TCP just closed;
 * UR where the other end reset the stream, UPE where it broke the protocol.
 * Flags stand in the order in which they are set, as an access log shows them.
 * A server that sends no TLS, or resets the connection, is a failed handshake to a client that expects TLS.
 * @returns an Unknown where it is not known whether the proxy tries again
 */
export function upstreamFailure(proxy: WaitingProxy, loss: UpstreamLoss): UpstreamFailure | Unknown {
  return loss.kind === 'closed' && isEstablished(proxy, loss)
    ? lostStream(proxy, loss.heard)
    : lostConnection(proxy, loss);
}

/** Whether there was a connection before it was lost, with its handshake. */
export function isEstablished({ tls }: WaitingProxy, loss: UpstreamLoss): boolean {
  return loss.kind === 'closed' && (!tls || (loss.handshake?.established ?? loss.handshake === null));
}

function lostStream(
  proxy: WaitingProxy,
  heard: keyof typeof LOST = 'connection_termination',
): UpstreamFailure | Unknown {
  if (!proxy.http) return { status: null, grpcStatus: null, flag: null, detail: null, attempts: 1 };
  const tried = attemptsOn(proxy.retries?.onReset, proxy.retries);
  if (isUnknown(tried)) return tried;
  const { status, flag } = LOST[heard];
  return answered(proxy, status, { ...flagged(tried, flag), detail: `${RESET}{${heard}}` });
}

function lostConnection(proxy: WaitingProxy, loss: UpstreamLoss): UpstreamFailure | Unknown {
  const tried = attemptsOn(proxy.retries?.onConnectFailure, proxy.retries);
  if (isUnknown(tried)) return tried;
  const error = loss.kind === 'connect' ? null : (loss.handshake?.error ?? null);
  const inside = error === null || !proxy.http ? null : `${RESET}{remote_connection_failure|${error}}`;
  const detail = loss.kind === 'connect' ? loss.detail : inside;
  if (proxy.http) return answered(proxy, 503, { ...flagged(tried, 'UF'), detail });
  return { status: null, grpcStatus: null, flag: 'UF,URX', detail, attempts: tried.attempts };
}

function answered(
  proxy: WaitingProxy,
  status: 502 | 503 | 504,
  failure: Omit<UpstreamFailure, 'status' | 'grpcStatus'>,
): UpstreamFailure | Unknown {
  const flags = [proxy.flag, failure.flag].flatMap((one) => one?.split(',') ?? []);
  const sent = proxy.mapAnswer(status, flags);
  if (isUnknown(sent)) return sent;
  return {
    ...failure,
    ...(proxy.grpc ? { status: 200, grpcStatus: grpcStatusOf(sent) } : { status: sent, grpcStatus: null }),
  };
}

/** How often something was tried that is asked for again, and what is flagged for it: URX, UO; null: it is not asked for again. */
export interface Tried {
  readonly attempts: number;
  readonly spent: Retries['spent'] | null;
}

function flagged({ attempts, spent }: Tried, flag: string): Pick<UpstreamFailure, 'flag' | 'attempts'> {
  return { flag: spent === null ? flag : `${spent},${flag}`, attempts };
}

/**
 * What a proxy does with an answer of a proxy behind it, which it passes on once all its retries are used up
 * (Filter::onUpstreamHeaders); an Unknown where that is not known.
 */
export function triedAnswer(
  { http, retries }: WaitingProxy,
  status: number,
  grpcStatus: number | null,
): Tried | Unknown {
  return attemptsOn(http && retries?.onAnswer(status, grpcStatus), retries);
}

function attemptsOn(again: boolean | Unknown | undefined, retries: Retries | null): Tried | Unknown {
  if (isUnknown(again)) return again;
  return again === true && retries !== null
    ? { attempts: retries.count + 1, spent: retries.spent }
    : { attempts: 1, spent: null };
}

/** How long one attempt takes, in seconds. */
export interface Attempt {
  readonly seconds: number;
  /** All of it goes by before there is a connection. */
  readonly connecting: boolean;
}

/** Of a limit: what comes nearer to it than this part of it may come before or after it. */
const NEAR = 0.1;

/**
 * Whether a proxy gives up an attempt for the time that it takes: 504 with UT. The limit of one try is tried again as a reset is, that of
 * all tries ends the request (Filter::onPerTryTimeout, Filter::onResponseTimeout).
 * @returns null: it does not; an Unknown where that is not known
 */
export function givenUp(proxy: WaitingProxy, { seconds, connecting }: Attempt): UpstreamFailure | Unknown | null {
  const { limits } = proxy;
  if (!proxy.http || seconds === 0 || limits === null) return null;
  if (isUnknown(limits)) return limits;
  const beyondEach = connecting ? false : isBeyond(seconds, limits.each);
  const taken = beyondEach === true ? (limits.each ?? seconds) : seconds;
  const beyondAll = isBeyond(taken, limits.all);
  const beyondOther = isBeyond(taken, limits.other);
  const open = [beyondEach, beyondAll, beyondOther].find(isUnknown);
  if (open !== undefined || beyondOther === true) return open ?? unknown('a limit of time is not evaluated');
  if (beyondAll === true) return answered(proxy, 504, { flag: 'UT', detail: 'response_timeout', attempts: 1 });
  if (beyondEach === false) return null;
  const tried = attemptsOn(proxy.retries?.onReset, proxy.retries);
  if (isUnknown(tried)) return tried;
  return answered(proxy, 504, { ...flagged(tried, 'UT'), detail: 'upstream_per_try_timeout' });
}

/** Whether all attempts are over before the limit for them together; an Unknown where that is not known. */
export function allInTime({ http, limits }: WaitingProxy, attempts: number, seconds: number): true | Unknown {
  if (!http || attempts < 2 || seconds === 0 || limits === null) return true;
  if (isUnknown(limits)) return limits;
  const most = attempts * seconds + (attempts - 1) * limits.pause;
  const shortest = Math.min(limits.all ?? Infinity, limits.other);
  return most * (1 + NEAR) < shortest || unknown(`how many attempts there are within ${shortest} s is not known`);
}

function isBeyond(seconds: number, limit: number | null): boolean | Unknown {
  if (limit === null) return false;
  if (Math.abs(seconds - limit) <= limit * NEAR)
    return unknown(`which comes first is not known, what takes ${seconds} s or a limit of ${limit} s`);
  return seconds > limit;
}
