import { isUnknown } from '../../../../src/evaluate/proxies/envoy/truth.ts';
import { upstreamFailure } from '../../../../src/evaluate/proxies/envoy/upstream-failure.ts';
import type { UpstreamFailure, WaitingProxy } from '../../../../src/evaluate/proxies/envoy/upstream-failure.ts';
import type { EnvoyEnd } from '../../../../src/model/envoy.ts';

type EndOf<K extends EnvoyEnd['kind']> = Extract<EnvoyEnd, { readonly kind: K }>;

/** A proxy that has sent something on. */
function waiting({ tls, grpc, retries, limits }: EndOf<'upstream'>, http = true): WaitingProxy {
  return { http, tls: tls !== 'none', grpc, retries, limits };
}

/** What a proxy tells its own client when the upstream that it asked closes. @throws Error where that is not known */
export function toldClient(asked: EndOf<'upstream'>, closed: EndOf<'close'>, http = true): UpstreamFailure {
  const { handshake = null, heard } = closed;
  const failure = upstreamFailure(waiting(asked, http), { kind: 'closed', handshake, heard });
  if (isUnknown(failure)) throw new Error(failure.reason);
  return failure;
}
