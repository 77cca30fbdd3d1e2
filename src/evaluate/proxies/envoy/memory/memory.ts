import type { EnvoyConnection, EnvoyOutcome } from '../../../../model/envoy.ts';
import type { ConnectionContext } from '../context.ts';
import { inspectedAs } from '../listener/inspected-request.ts';
import type { Walk } from '../walk.ts';
import { EarlierRequests } from './earlier-requests.ts';
import type { Telling } from './telling.ts';

/** Where a connection got to before its filter chain's filters run: to them, or to an end. */
export type Arrival = Entered | { readonly outcomes: EnvoyOutcome[]; readonly context: null };

/** It got to the filters. */
export interface Entered {
  readonly context: ConnectionContext;
  readonly walk: Walk;
  /** It stands for connections that had asked for other addresses too, each of which finds its own in its socket. */
  readonly anyDestination: boolean;
}

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
export class Memory<Told> {
  /** What is remembered of outcomes. */
  readonly telling: Telling<Told>;
  /** Whether hosts of one cluster may be one outcome, whose `sharesOf` tells them apart. */
  readonly sharesOnly: boolean;
  readonly #arrivals = new Map<string, Arrival>();
  readonly #earlier = new Map<object, EarlierRequests<Told>>();

  constructor(telling: Telling<Told>, sharesOnly: boolean) {
    this.telling = telling;
    this.sharesOnly = sharesOnly;
  }

  /** Where a connection gets to. Of one that speaks plain HTTP that is the same for every request. */
  arrival(connection: EnvoyConnection, arrive: () => Arrival): Arrival {
    const { tls, http, protocol } = connection.request;
    const { proxyHeader } = connection;
    const proxied = proxyHeader !== null && proxyHeader !== undefined;
    if (tls !== null || http === null || protocol !== 'tcp' || proxied) return arrive();
    const { localAddress, localPort, originalAddress, originalPort, remoteAddress, remotePort } = connection;
    const key = `${localAddress} ${localPort} ${originalAddress} ${originalPort} ${remoteAddress} ${remotePort} ${inspectedAs(http)} ${proxyHeader}`;
    let arrival = this.#arrivals.get(key);
    if (arrival === undefined) {
      arrival = arrive();
      if (this.#arrivals.size >= ARRIVALS) this.#arrivals.clear();
      this.#arrivals.set(key, arrival);
    }
    return arrival;
  }

  /** What became of requests that a filter chain took; null: it is not remembered. */
  earlier(context: ConnectionContext): EarlierRequests<Told> | null {
    const key = context.chain.config.value;
    if (typeof key !== 'object' || key === null || context.tls !== null) return null;
    let earlier = this.#earlier.get(key);
    if (earlier === undefined) {
      earlier = new EarlierRequests(context, this.telling);
      this.#earlier.set(key, earlier);
    }
    return earlier;
  }
}
