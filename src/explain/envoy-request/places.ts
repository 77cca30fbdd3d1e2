import type { OpenConnection } from '../../evaluate/proxies/envoy/evaluate-envoy.ts';
import type { RequestDescription } from './request-line.ts';

/** Where a request without TLS comes from and gets to, the same for all that say so in the same words. */
export interface Place {
  /** A connection from there. */
  readonly opened: OpenConnection;
  /** The host of a request that names none. */
  readonly authority: string;
}

/** Places that are remembered at most. */
const PLACES = 20_000;

/** The places of the requests before, by what their descriptions say of them, in the same words. */
export class Places {
  /** By the listener and the client. */
  readonly #groups = new Map<string | undefined, Map<string | undefined, Group>>();
  #size = 0;

  get(words: PlaceWords): Place | undefined {
    return this.#group(words)?.byAddress.get(words.address);
  }

  /** The place of a request of the same client for the same port of another address, to no listener by its name. */
  like(words: PlaceWords): Place | undefined {
    return words.listener === undefined ? this.#group(words)?.byPort.get(portOf(words)) : undefined;
  }

  set(words: PlaceWords, place: Place): void {
    if (this.#size >= PLACES) {
      this.#groups.clear();
      this.#size = 0;
    }
    this.#size++;
    const group = this.#group(words) ?? { byAddress: new Map(), byPort: new Map() };
    group.byAddress.set(words.address, place);
    group.byPort.set(portOf(words), place);
    const groups = this.#groups.get(words.listener) ?? new Map<string | undefined, Group>();
    this.#groups.set(words.listener, groups.set(words.source, group));
  }

  #group({ listener, source }: PlaceWords): Group | undefined {
    return this.#groups.get(listener)?.get(source);
  }
}

interface Group {
  readonly byAddress: Map<string | undefined, Place>;
  /** The last one. */
  readonly byPort: Map<string, Place>;
}

function portOf({ address = '' }: PlaceWords): string {
  return address.slice(address.lastIndexOf(':') + 1);
}

/** All that a description says of its place. */
export interface PlaceWords {
  readonly listener: string | undefined;
  readonly source: string | undefined;
  readonly address: string | undefined;
}

/** Whether a description says nothing else of its place; one that speaks of TLS or a PROXY protocol header, or has other values than texts, may. */
export function isPlain(description: RequestDescription): description is RequestDescription & PlaceWords {
  const { listener, address, source, tls, sni, alpn, identity, proxied } = description;
  if (tls !== undefined || sni !== undefined || alpn !== undefined || identity !== undefined || proxied !== undefined)
    return false;
  return isText(listener) && isText(address) && isText(source);
}

function isText(value: unknown): value is string | undefined {
  return typeof value === 'string' || value === undefined;
}
