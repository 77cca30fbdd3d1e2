import type { EnvoyEnd } from '../../../../model/envoy.ts';
import type { ConnectionContext } from '../context.ts';

type Close = Extract<EnvoyEnd, { readonly kind: 'close' }>;

/**
 * How a connection ends that a network filter closes. A client that speaks TLS which this proxy does not end waits for its handshake all
 * the while: to a proxy it was never established (ConnPoolImplBase::onConnectionEvent, source/common/conn_pool/conn_pool_base.cc).
 */
export function closed({ connection, tls }: ConnectionContext, close: Omit<Close, 'kind' | 'handshake'>): Close {
  const waits = tls === null && connection.request.tls !== null;
  return { kind: 'close', ...close, ...(waits ? { handshake: { established: false, error: null } } : {}) };
}
