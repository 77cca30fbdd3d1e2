import type { EnvoyConfigDump, EnvoyConnection, EnvoyFacts } from '../../../model/envoy.ts';
import type { TlsHello } from '../../../model/request.ts';
import type { AcceptedSocket } from './listener/accepted-socket.ts';
import type { FilterChain } from './listener/filter-chain-index.ts';
import type { Listener } from './listener/listener-table.ts';
import type { SentRequest } from './http/sent-request.ts';
import type { Runtime } from './runtime.ts';

/** A connection that a filter chain has taken. */
export interface ConnectionContext {
  readonly facts: EnvoyFacts;
  readonly config: EnvoyConfigDump;
  readonly connection: EnvoyConnection;
  readonly listener: Listener;
  readonly socket: AcceptedSocket;
  readonly chain: FilterChain;
  /** The TLS session that this chain terminates; null: it passes on what the client sends. */
  readonly tls: TlsHello | null;
  /** The cluster that a filter before tcp_proxy named for this connection; null: none did. */
  readonly clusterOverride: string | null;
  readonly runtime: Runtime;
  readonly budget: Budget;
  /** Nobody asks for more of the hosts of a cluster than their shares: they may be one outcome. */
  readonly sharesOnly: boolean;
  /** What is asked of the request on it; null: it is none that is understood. */
  readonly sent: SentRequest | null;
}

/** Bounds the branches of one evaluation, so that a hostile configuration cannot make it endless. */
export interface Budget {
  left: number;
}

export const BRANCH_LIMIT = 20_000;
