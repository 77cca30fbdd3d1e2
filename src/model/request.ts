import type { TransportProtocol } from './flow.ts';
import type { TlsSide } from './tls.ts';

/** What the client asks, above the five-tuple. */
export interface HttpRequest {
  readonly method: string;
  /** Path with query, as sent: `/reviews/1?x=y`. */
  readonly path: string;
  /** `:authority` or `Host`, as sent (with the port when the client would write it). */
  readonly authority: string;
  /** Other headers, names in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Names of headers, in lower case, that it carries or may carry with values that are not known (a proxy on the way sets them). */
  readonly unknownHeaders?: readonly string[];
  readonly scheme: 'http' | 'https';
  readonly version: 'http/1.1' | 'h2';
  /** `:protocol` of a CONNECT over HTTP/2 that asks for another protocol (RFC 8441); absent: it has none. */
  readonly protocol?: string;
}

/** What the client presents in a TLS handshake. */
export interface TlsHello {
  readonly sni: string | null;
  readonly alpn: readonly string[];
  /** Identity in the client certificate (a SPIFFE URI); null: it presents none; undefined: it presents one that is not known. */
  readonly clientIdentity: string | null | undefined;
  /** What a proxy presents and demands whose configuration was read; absent: no more is known of the client. */
  readonly side?: TlsSide;
}

/** A connection and, when it carries one, the HTTP request on it. */
export interface ApplicationRequest {
  readonly protocol: TransportProtocol;
  /** null: raw bytes; nothing above L4 is known. */
  readonly http: HttpRequest | null;
  readonly tls: TlsHello | null;
}

/** A token, as methods and names of headers are (RFC 9110, section 5.6.2). */
export const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
