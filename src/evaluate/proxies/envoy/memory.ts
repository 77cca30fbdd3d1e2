import type { EnvoyConnection, EnvoyOutcome } from '../../../model/envoy.ts';
import type { ConnectionContext } from './context.ts';
import { Tails } from './http/tails.ts';
import type { Walk } from './walk.ts';

/** Where a connection got to before its filter chain's filters run: to them, or to an end. */
export type Arrival =
  | { readonly outcomes: EnvoyOutcome[]; readonly context: null }
  | {
      readonly context: ConnectionContext;
      readonly walk: Walk;
      /** It stands for connections that had asked for other addresses too, each of which finds its own in its socket. */
      readonly anyDestination: boolean;
    };

export function stopped(outcomes: EnvoyOutcome[]): Arrival {
  return { outcomes, context: null };
}

export function entered(context: ConnectionContext, walk: Walk): Arrival {
  return { context, walk, anyDestination: false };
}

/** Ways that a memory holds at most. */
const ARRIVALS = 20_000;

/**
 * What was found out about the connections before, for whoever asks one proxy many questions. Outcomes may then be those of an earlier
 * request that is answered alike: their ends' flags, statuses, hosts and what took them are right, what they tell on demand (reasons
 * of steps, the request as it is sent on, which host of several an end names) is the earlier one's.
 */
export class Memory {
  /** Whether hosts of one cluster may be one outcome, whose `sharesOf` tells them apart. */
  readonly sharesOnly: boolean;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #tails = new WeakMap<object, Tails>();

  constructor(sharesOnly = false) {
    this.sharesOnly = sharesOnly;
  }

  /** Where a connection gets to. Of one that speaks plain HTTP that is the same for every request. */
  arrival(connection: EnvoyConnection, arrive: () => Arrival): Arrival {
    const { tls, http, protocol } = connection.request;
    const { proxyHeader } = connection;
    const proxied = proxyHeader !== null && proxyHeader !== undefined;
    if (tls !== null || http === null || protocol !== 'tcp' || proxied) return arrive();
    const { localAddress, localPort, originalAddress, originalPort, remoteAddress, remotePort } = connection;
    const key = `${localAddress} ${localPort} ${originalAddress} ${originalPort} ${remoteAddress} ${remotePort} ${http.version} ${proxyHeader}`;
    let arrival = this.#arrivals.get(key);
    if (arrival === undefined) {
      arrival = arrive();
      if (this.#arrivals.size >= ARRIVALS) this.#arrivals.clear();
      this.#arrivals.set(key, arrival);
    }
    return arrival;
  }

  /** What became of requests that a filter chain took; null: it is not remembered. */
  tails({ chain, tls }: ConnectionContext): Tails | null {
    const key = chain.config.value;
    if (typeof key !== 'object' || key === null || tls !== null) return null;
    const tails = this.#tails.get(key) ?? new Tails();
    this.#tails.set(key, tails);
    return tails;
  }
}
