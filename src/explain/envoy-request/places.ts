import type { Arrival } from '../../evaluate/proxies/envoy/memory.ts';
import type { EnvoyConnection } from '../../model/envoy.ts';
import type { RequestDescription } from './request-line.ts';

/** Where a request without TLS comes from and gets to, the same for all that say so in the same words. */
export interface Place {
  /** A connection from there; of its request only the HTTP part differs. */
  readonly connection: EnvoyConnection;
  readonly arrival: Arrival;
  /** The host of a request that names none. */
  readonly authority: string;
}

/**
 * All that a description says of its place, as it says it; null: it speaks of TLS or a PROXY protocol header, or has other values than
 * texts, and may say anything.
 */
export function placeKey(description: RequestDescription): string | null {
  const { listener, address, source, tls, sni, alpn, identity, proxied } = description;
  if (tls !== undefined || sni !== undefined || alpn !== undefined || identity !== undefined || proxied !== undefined)
    return null;
  if (!isText(listener) || !isText(address) || !isText(source)) return null;
  return `${wordOf(listener)}${wordOf(address)}${wordOf(source)}`;
}

function isText(value: unknown): value is string | undefined {
  return typeof value === 'string' || value === undefined;
}

/** Tells where it ends, so that several behind one another are those of no others. */
function wordOf(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}

/** Places that are remembered at most. */
const PLACES = 20_000;

/** The places of the requests before. */
export class Places {
  readonly #byKey = new Map<string, Place>();

  get(key: string): Place | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, place: Place): void {
    if (this.#byKey.size >= PLACES) this.#byKey.clear();
    this.#byKey.set(key, place);
  }
}
