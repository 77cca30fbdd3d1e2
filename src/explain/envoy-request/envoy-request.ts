/**
 * Answers what an Envoy does with a request, from its configuration alone. In: what was read of the proxy, descriptions of requests.
 * Out: for each the listener and filter chain that take it, and every outcome, alike ones together. It must not read or print.
 */
import type { EnvoyConnection, EnvoyFacts, EnvoyOutcome, ProxyHeader } from '../../model/envoy.ts';
import type { HttpRequest } from '../../model/request.ts';
import { formatEndpoint, isIPv4, parseAddress } from '../../model/address.ts';
import { arrive, open, recall, recallOn } from '../../evaluate/proxies/envoy/evaluate-envoy.ts';
import { Memory } from '../../evaluate/proxies/envoy/memory/memory.ts';
import type { Arrival } from '../../evaluate/proxies/envoy/memory/memory.ts';
import type { Telling } from '../../evaluate/proxies/envoy/memory/telling.ts';
import { takenBy } from '../../evaluate/proxies/envoy/walk.ts';
import { AlikeArrivals, toAlikeAddress } from '../../evaluate/proxies/envoy/memory/alike-arrivals.ts';
import { findEntrance, listenerNames, type Entrance } from '../../evaluate/proxies/envoy/listener/entrance.ts';
import { closeNames } from '../question/close-names.ts';
import { inspectedAs } from '../../evaluate/proxies/envoy/listener/inspected-request.ts';
import { gather, underNames } from './outcomes.ts';
import type { EnvoyRequestOutcome } from './outcomes.ts';
import { isPlain, Places } from './places.ts';
import type { Place, PlaceWords } from './places.ts';
import {
  asMember,
  readPlainHttp,
  readRequestLine,
  type RequestDescription,
  type RequestLine,
  type Spelling,
} from './request-line.ts';

export interface EnvoyRequestAnswer {
  /** As asked. */
  readonly request: unknown;
  /** null: none takes the connection. */
  readonly listener: string | null;
  /** null: none takes the connection. */
  readonly filterChain: string | null;
  readonly outcomes: readonly EnvoyRequestOutcome[];
}

export interface EnvoyRequestFailure {
  readonly request: unknown;
  /** One clause: why there is no answer. */
  readonly error: string;
}

/** What is told of a request, whatever was asked. */
export type EnvoyRequestEnd = Omit<EnvoyRequestAnswer, 'request'>;

/** How the end of a request is told, once for all that end so. */
export interface EndTelling<Told> extends Pick<Telling<Told>, 'refill'> {
  readonly tell: (end: EnvoyRequestEnd) => Told;
}

/** The end itself. */
const AS_IT_IS: EndTelling<EnvoyRequestEnd> = {
  tell: (end) => end,
  refill: (end, marks) => (names) => {
    const named = (text: string | null): string | null => {
      const place = text === null ? -1 : marks.indexOf(text);
      return place < 0 ? text : (names[place] ?? null);
    };
    return { ...end, outcomes: end.outcomes.map((outcome) => underNames(outcome, named)) };
  },
};

/** A proxy to which questions can be put, one after the other. */
export class EnvoyRequestAnswers {
  readonly #requests: ToldRequests<EnvoyRequestEnd>;

  constructor(facts: EnvoyFacts) {
    this.#requests = new ToldRequests(facts, AS_IT_IS);
  }

  /** Answers one description of a request. @param spell how a failure calls the members of the description */
  answer(description: unknown, spell: Spelling = asMember): EnvoyRequestAnswer | EnvoyRequestFailure {
    const answer = this.#requests.ask(description, spell);
    if (typeof answer === 'string') return { request: description, error: answer };
    const { listener, filterChain, outcomes } = answer.told;
    return { request: description, listener, filterChain, outcomes };
  }
}

/** The same, of which nothing is kept but what is told: many requests are told alike. */
export class ToldRequests<Told> {
  readonly #facts: EnvoyFacts;
  readonly #entrances = new Map<string, Entrance | string>();
  readonly #memory: Memory<Told>;
  readonly #places = new Places();
  readonly #arrivals = new AlikeArrivals();

  constructor(facts: EnvoyFacts, { tell, refill }: EndTelling<Told>) {
    this.#facts = facts;
    this.#memory = new Memory({ tell: (outcomes) => tell(endOf(outcomes)), refill }, true);
  }

  /** @returns a clause: why there is no answer. @param spell how it calls the members of the description */
  ask(description: unknown, spell: Spelling = asMember): { readonly told: Told } | string {
    const plain = isDescription(description) && isPlain(description) ? description : null;
    const known = plain === null ? undefined : (this.#places.get(plain) ?? this.#alikePlace(plain));
    if (known !== undefined && plain !== null) {
      const http = readPlainHttp(plain, known.authority, spell);
      if (typeof http === 'string') return http;
      if (isUsual(http)) return { told: recallOn(known.opened, http, this.#memory) };
    }
    const line = readRequestLine(description, spell);
    if (typeof line === 'string') return line;
    const entrance = this.#entrance(line);
    if (typeof entrance === 'string') return entrance;
    const connection = connectionOf(line, entrance, spell);
    if (typeof connection === 'string') return connection;
    const found = (): Arrival => arrive(this.#facts, connection);
    const { http } = connection.request;
    if (plain === null || http === null || !isUsual(http))
      return { told: recall(this.#memory.arrival(connection, found), connection, this.#memory) };
    const opened = open(this.#arrivals.arrival(this.#facts, connection, found), connection);
    this.#places.set(plain, { opened, authority: ownAuthority(entrance) });
    return { told: recallOn(opened, http, this.#memory) };
  }

  /** The place of a request for another address, if one for the same port was like it. */
  #alikePlace(words: PlaceWords): Place | undefined {
    const like = this.#places.like(words);
    const address = words.address === undefined ? undefined : ipv4Of(words.address);
    if (like === undefined || address === undefined) return undefined;
    const { arrival, connection: other } = like.opened;
    const connection = toAlikeAddress(this.#facts, arrival, other, address);
    if (connection === undefined) return undefined;
    const place = { opened: open(arrival, connection), authority: ownAuthority(connection) };
    this.#places.set(words, place);
    return place;
  }

  #entrance({ listener, destination }: RequestLine): Entrance | string {
    const asked = destination === null ? '' : formatEndpoint(destination.address.text, destination.port);
    const key = `${listener ?? ''}\n${asked}`;
    let entrance = this.#entrances.get(key);
    if (entrance === undefined) {
      const found = findEntrance(this.#facts, listener, destination);
      entrance = typeof found === 'string' ? found + this.#alike(listener ?? '') : found;
      this.#entrances.set(key, entrance);
    }
    return entrance;
  }

  /** Names that may have been meant where there is no listener of this one. */
  #alike(listener: string): string {
    const names = listenerNames(this.#facts);
    const close = names.includes(listener) ? [] : closeNames(listener, names);
    return listener === '' || close.length === 0 ? '' : `; like it: ${close.join(', ')}`;
  }
}

/** Whether whatever looks at the first line of a request sees HTTP/1.1: then all get to the same filter chain. */
function isUsual(http: HttpRequest): boolean {
  return inspectedAs(http) === 'http/1.1';
}

function endOf(outcomes: readonly EnvoyOutcome[]): EnvoyRequestEnd {
  const [first] = outcomes;
  const { listener, filterChain } = first === undefined ? { listener: null, filterChain: null } : takenBy(first);
  return { listener, filterChain, outcomes: gather(outcomes) };
}

/** The address of an `IP:PORT`, if it is one of IPv4. */
function ipv4Of(endpoint: string): string | undefined {
  const address = endpoint.slice(0, endpoint.lastIndexOf(':'));
  return isIPv4(address) ? address : undefined;
}

/** A client that is not named is one on the proxy's own machine; a request without a host names the address, as curl would. */
function connectionOf(line: RequestLine, entrance: Entrance, spell: Spelling): EnvoyConnection | string {
  const family = parseAddress(entrance.localAddress)?.family;
  if (line.source !== null && line.source.family !== family)
    return `${spell('source')} and ${spell('address')} are of different families`;
  const { localAddress, localPort, originalAddress, originalPort } = entrance;
  const proxyHeader = proxyHeaderOf(line, entrance, spell);
  if (typeof proxyHeader === 'string') return proxyHeader;
  const http = line.hostless ? { ...line.http, authority: ownAuthority(entrance) } : line.http;
  return {
    localAddress,
    localPort,
    originalAddress,
    originalPort,
    remoteAddress: line.source?.text ?? (family === 6 ? '::1' : '127.0.0.1'),
    remotePort: line.sourcePort,
    proxyHeader,
    request: { protocol: 'tcp', http, tls: line.tls },
  };
}

function ownAuthority({ originalAddress, originalPort }: Pick<Entrance, 'originalAddress' | 'originalPort'>): string {
  return formatEndpoint(originalAddress, originalPort);
}

function isDescription(value: unknown): value is RequestDescription {
  return typeof value === 'object' && value !== null;
}

function proxyHeaderOf({ proxied }: RequestLine, entrance: Entrance, spell: Spelling): ProxyHeader | null | string {
  if (proxied === null) return null;
  const { address, port } = proxied.source;
  const asked = { address: entrance.originalAddress, port: entrance.originalPort };
  const { destination } = proxied;
  if (destination === null && parseAddress(asked.address)?.family !== address.family)
    return `${spell('proxied')} and ${spell('address')} are of different families`;
  return {
    version: proxied.version,
    source: { address: address.text, port },
    destination: destination === null ? asked : { address: destination.address.text, port: destination.port },
  };
}
