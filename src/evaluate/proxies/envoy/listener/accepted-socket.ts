import type { EnvoyConnection, ProxyHeader } from '../../../../model/envoy.ts';
import type { TlsHello } from '../../../../model/request.ts';
import { inspectedAs } from './inspected-request.ts';
import type { InspectedAs } from './inspected-request.ts';

/** What is known of the bytes that the client sends first. */
export type FirstBytes =
  | { readonly kind: 'tls'; readonly hello: TlsHello }
  | { readonly kind: 'http'; readonly inspected: InspectedAs }
  | { readonly kind: 'unknown' };

/** A connection on its way through listener filters, as `Network::ConnectionSocket` holds it. */
export interface AcceptedSocket {
  /** The socket's local address: after `original_dst` the original destination. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Whether the local address was restored to what the client had asked for. */
  readonly restored: boolean;
  /** The client's: the peer's own, or what a PROXY protocol header named. */
  readonly remoteAddress: string;
  readonly remotePort: number | null;
  /** The peer's own. */
  readonly directAddress: string;
  /** A PROXY protocol header that no filter has taken yet; null: there is none; undefined: that is not known. */
  readonly proxyHeader: ProxyHeader | null | undefined;
  readonly firstBytes: FirstBytes;
  /** `tls` when tls_inspector saw a client hello; `''`: not detected, which becomes `raw_buffer`. */
  readonly transportProtocol: 'tls' | '';
  /** Lower case; `''` without one, or when nothing inspected it. */
  readonly serverName: string;
  readonly applicationProtocols: readonly string[];
  /** Inspectors that looked at bytes which are not known. */
  readonly blindInspectors: readonly ('tls' | 'http')[];
  /** `original_src`: upstream connections take the client's address for their source. */
  readonly keepsSource: boolean;
}

export function acceptSocket(connection: EnvoyConnection): AcceptedSocket {
  return {
    localAddress: connection.localAddress,
    localPort: connection.localPort,
    restored: false,
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    directAddress: connection.remoteAddress,
    proxyHeader: connection.proxyHeader,
    firstBytes: firstBytes(connection),
    transportProtocol: '',
    serverName: '',
    applicationProtocols: [],
    blindInspectors: [],
    keepsSource: false,
  };
}

function firstBytes({ request }: EnvoyConnection): FirstBytes {
  if (request.tls !== null) return { kind: 'tls', hello: request.tls };
  if (request.http === null) return { kind: 'unknown' };
  return { kind: 'http', inspected: inspectedAs(request.http) };
}
