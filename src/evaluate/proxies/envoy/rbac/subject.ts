import type { Unknown } from '../../../../model/branching.ts';
import type { TlsHello } from '../../../../model/request.ts';
import type { Struct } from '../struct.ts';
import type { HeaderView } from '../match/header-match.ts';

/** What an RBAC policy can ask about: a connection, and the request on it when the filter is an HTTP filter. */
export interface RbacSubject {
  readonly headers: HeaderView | null;
  /** As rules see it, with the query or without; null for a connection. */
  readonly path: string | null | Unknown;
  readonly localAddress: string;
  readonly localPort: number;
  /** The peer of the connection. */
  readonly directRemoteAddress: string;
  /** The same, or what a PROXY protocol header named. */
  readonly connectionRemoteAddress: string;
  /** After x-forwarded-for, too. */
  readonly remoteAddress: string | Unknown;
  /** `''` without a server name, or when nothing inspected it. */
  readonly serverName: string;
  /** The TLS session that the proxy terminates; null: plaintext. */
  readonly tls: TlsHello | null;
  /** What filters have set as dynamic metadata under this name; null: none has; an Unknown: why that is not known. */
  readonly metadata: (filter: string) => Struct | Unknown | null;
}
