import type { HeardReset } from '../../../model/envoy.ts';
import type { HandshakeFailure } from '../../../model/tls.ts';

/** A proxy that waits for its upstream. */
export interface WaitingProxy {
  /** Whether it speaks HTTP to its client, and so can answer with a status. */
  readonly http: boolean;
  /** Whether it speaks TLS of its own upstream. */
  readonly tls: boolean;
  /** Attempts after the first when the connection fails, and when an established one is reset. */
  readonly retries: number;
  readonly resetRetries: number;
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
  readonly status: 502 | 503 | null;
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
 */
export function upstreamFailure(proxy: WaitingProxy, loss: UpstreamLoss): UpstreamFailure {
  const established =
    loss.kind === 'closed' && (!proxy.tls || (loss.handshake?.established ?? loss.handshake === null));
  if (established) {
    if (!proxy.http) return { status: null, flag: null, detail: null, attempts: 1 };
    const reason = loss.heard ?? 'connection_termination';
    const { status, flag } = LOST[reason];
    const flags = proxy.resetRetries > 0 ? `URX,${flag}` : flag;
    return { status, flag: flags, detail: `${RESET}{${reason}}`, attempts: proxy.resetRetries + 1 };
  }
  const attempts = proxy.retries + 1;
  const flag = proxy.http ? (proxy.retries > 0 ? 'URX,UF' : 'UF') : 'UF,URX';
  if (loss.kind === 'connect') return { status: proxy.http ? 503 : null, flag, detail: loss.detail, attempts };
  const error = loss.handshake?.error ?? null;
  const detail = error === null || !proxy.http ? null : `${RESET}{remote_connection_failure|${error}}`;
  return { status: proxy.http ? 503 : null, flag, detail, attempts };
}
