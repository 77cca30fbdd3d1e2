import { isUnknown } from '../../../../src/evaluate/proxies/envoy/truth.ts';
import { upstreamFailure } from '../../../../src/evaluate/proxies/envoy/upstream-failure.ts';
import type { UpstreamFailure, WaitingProxy } from '../../../../src/evaluate/proxies/envoy/upstream-failure.ts';
import type { EnvoyEnd } from '../../../../src/model/envoy.ts';

type EndOf<K extends EnvoyEnd['kind']> = Extract<EnvoyEnd, { readonly kind: K }>;

/** A proxy that has sent something on. */
function waiting(asked: EndOf<'upstream'>, http: boolean): WaitingProxy {
  const { tls, grpc, retries, limits, flag } = asked;
  const mapAnswer: WaitingProxy['mapAnswer'] = (status, flags) => asked.mapAnswer(status, flags);
  return { http, tls: tls !== 'none', grpc, retries, limits, flag, mapAnswer };
}

/** What a proxy tells its own client when the upstream that it asked closes. @throws Error where that is not known */
export function toldClient(asked: EndOf<'upstream'>, closed: EndOf<'close'>, http = true): UpstreamFailure {
  const { handshake = null, heard } = closed;
  return known(upstreamFailure(waiting(asked, http), { kind: 'closed', handshake, heard }));
}

/** What it tells its client when nobody takes the connection. @throws Error where that is not known */
export function toldUnconnected(asked: EndOf<'upstream'>): UpstreamFailure {
  return known(upstreamFailure(waiting(asked, true), { kind: 'connect', detail: null }));
}

function known(failure: ReturnType<typeof upstreamFailure>): UpstreamFailure {
  if (isUnknown(failure)) throw new Error(failure.reason);
  return failure;
}
