/**
 * Requests on connections to one filter chain, thousands of which differ in what nobody asks them about: each is followed only as far as it
 * differs from the others.
 *
 * In: a request, and what follows it from its filter chain on. Out: its outcomes, or those of an earlier one that gave the same answer to
 * everything that was asked of it. What is asked is noted while a request is followed (`overhear.ts`); nothing is taken for irrelevant
 * that was looked at.
 */
import type { EnvoyConnection, EnvoyOutcome } from '../../../../model/envoy.ts';
import type { HttpRequest } from '../../../../model/request.ts';
import { AlikeHosts } from './alike-hosts.ts';
import type { AlikeHostQuestion, KnownHost } from './alike-hosts.ts';
import { AlikeOutcomes } from './alike-outcomes.ts';
import type { ClusteredProxy } from './alike-clusters.ts';
import { SentHttp } from '../http/sent-request.ts';
import type { Telling } from './telling.ts';
import { Notes } from './overhear.ts';
import type { Asked, Looked } from './overhear.ts';
import { RequestTree } from './request-tree.ts';

/** Requests that are remembered at most: of more, remembering takes more memory than it saves time. */
const REQUESTS = 20_000;

/** What became of the requests that one filter chain took, as it is told. */
export class EarlierRequests<Told> {
  readonly #hosts: AlikeHosts;
  readonly #telling: Telling<Told>;
  readonly #tree = new RequestTree<Ending<Told>>();
  #kept = 0;

  constructor(proxy: ClusteredProxy, telling: Telling<Told>) {
    this.#hosts = new AlikeHosts(proxy);
    this.#telling = telling;
  }

  /** @param follow what becomes of a request that is not answered yet; it must look at nothing else of it */
  recall(asked: Asked, follow: (looked: Looked) => EnvoyOutcome[]): Told {
    const ending = this.#tree.find(asked) ?? this.#note(asked, follow);
    const known = ending?.of(asked);
    if (known !== undefined) return known;
    const told = this.#telling.tell(followItself(asked, follow));
    ending?.keep(asked, told);
    return told;
  }

  /** Follows a request, or the same to what stands for its virtual host. @returns null: no more are remembered */
  #note(asked: Asked, follow: (looked: Looked) => EnvoyOutcome[]): Ending<Told> | null {
    if (this.#kept >= REQUESTS) return null;
    const notes = new Notes(asked, (search) => this.#hosts.question(search));
    const outcomes = follow(notes.overheard);
    const ending = new Ending(notes.host, asked, outcomes, this.#telling);
    if (!notes.asWhole) {
      this.#kept++;
      this.#tree.keep(notes, ending);
    }
    return ending;
  }
}

/** Follows a request that nobody listens to. */
function followItself({ http, socket, connection }: Asked, follow: (looked: Looked) => EnvoyOutcome[]): EnvoyOutcome[] {
  return follow({ sent: new SentHttp(http), socket, connection: withHttp(connection, http) });
}

/** A connection as another request comes on it. */
export function withHttp(connection: EnvoyConnection, http: HttpRequest): EnvoyConnection {
  return { ...connection, request: { ...connection.request, http } };
}

/** How requests end that gave the same answers: alike, but for the names in the virtual host of each. */
class Ending<Told> {
  readonly #host: AlikeHostQuestion | null;
  readonly #alike: AlikeOutcomes<Told> | null;
  /** By what stands for a virtual host: its names, or else its kind, which is its own; null: none was found, or looked for. */
  readonly #known = new Map<object | null, Told>();

  /** @param outcomes of the request, or of the same to the virtual host that stands for that of the request */
  constructor(host: AlikeHostQuestion | null, asked: Asked, outcomes: EnvoyOutcome[], telling: Telling<Told>) {
    this.#host = host;
    const kind = this.#hostOf(asked)?.kind ?? null;
    this.#alike = kind === null ? null : AlikeOutcomes.of(kind, outcomes, telling);
    this.#known.set(kind === null ? null : (kind.standInNames ?? kind), telling.tell(outcomes));
  }

  /** What is told of a request that gave the same answers; undefined: it must be followed. */
  of(asked: Asked): Told | undefined {
    const host = this.#hostOf(asked);
    const key = keyOf(host);
    const known = this.#known.get(key);
    if (known !== undefined || host === null) return known;
    const told = this.#alike?.on(host);
    if (told !== undefined) this.#known.set(key, told);
    return told;
  }

  keep(asked: Asked, told: Told): void {
    this.#known.set(keyOf(this.#hostOf(asked)), told);
  }

  #hostOf(asked: Asked): KnownHost | null {
    return this.#host?.hostOf(asked) ?? null;
  }
}

function keyOf(host: KnownHost | null): object | null {
  return host === null ? null : (host.names ?? host.kind);
}
