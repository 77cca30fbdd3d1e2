/**
 * Remembers what became of requests after their route was chosen, so that of ten thousand requests each is followed only as far as it
 * differs from the others.
 *
 * In: the route, the request, and what evaluates it from there. Out: its outcomes, or those of an earlier request with the same route
 * that gave the same answer to everything that was asked of it. What is asked is noted while a request is evaluated; nothing is taken
 * for irrelevant that was looked at.
 */
import type { EnvoyConnection, EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import type { AcceptedSocket } from '../listener/accepted-socket.ts';
import type { HeaderView } from '../match/header-match.ts';
import type { RequestView } from './request-view.ts';

/** All that an evaluation may look at beside the configuration. */
export interface Asked {
  readonly request: RequestView;
  readonly socket: AcceptedSocket;
  readonly connection: EnvoyConnection;
}

/** Something that was looked at. */
interface Question {
  readonly name: string;
  readonly ask: (asked: Asked) => unknown;
}

/** A question that was asked of every request that came here, and what followed from each answer: the next one, or the outcomes. */
interface Inquiry extends Question {
  readonly next: Map<unknown, Inquiry | EnvoyOutcome[]>;
}

/** Requests of one route that are remembered: of more, remembering takes more memory than it saves time. */
const REQUESTS_OF_ROUTE = 10_000;

/** What became of the requests that one filter chain took. */
export class Tails {
  readonly #byRoute = new WeakMap<object, RouteTails>();

  /**
   * @param remoteAddress after x-forwarded-for
   * @param evaluate what to do with a request that is not answered yet; it must look at nothing else of the request
   */
  recall(
    route: Cursor,
    remoteAddress: string,
    asked: Asked,
    evaluate: (asked: Asked) => EnvoyOutcome[],
  ): EnvoyOutcome[] {
    const key = route.value;
    if (typeof key !== 'object' || key === null) return evaluate(asked);
    let tails = this.#byRoute.get(key);
    if (tails === undefined) {
      tails = new RouteTails();
      this.#byRoute.set(key, tails);
    }
    const known = tails.find(remoteAddress, asked);
    if (known !== undefined) return known;
    if (tails.full) return evaluate(asked);
    const notes = new Notes();
    const outcomes = evaluate(notes.overhear(asked));
    const answers = notes.answers();
    if (answers !== null) tails.keep(remoteAddress, answers, outcomes);
    return outcomes;
  }
}

/**
 * The outcomes of requests that took one route, by the answers to what was asked of them. An evaluation that was given the same answers
 * asks the same question next, so that each answer leads to one.
 */
class RouteTails {
  /** By the client's address. */
  readonly #first: Inquiry['next'] = new Map();
  #kept = 0;

  get full(): boolean {
    return this.#kept >= REQUESTS_OF_ROUTE;
  }

  find(remoteAddress: string, asked: Asked): EnvoyOutcome[] | undefined {
    let at = this.#first.get(remoteAddress);
    while (at !== undefined && !Array.isArray(at)) at = at.next.get(at.ask(asked));
    return at;
  }

  keep(remoteAddress: string, answers: ReadonlyMap<Question, unknown>, outcomes: EnvoyOutcome[]): void {
    this.#kept++;
    let from = this.#first;
    let given: unknown = remoteAddress;
    for (const [{ name, ask }, answer] of answers) {
      const at = from.get(given) ?? { name, ask, next: new Map() };
      // Asked in another order, since something is known from a request before: it is not remembered.
      if (Array.isArray(at) || at.name !== name) return;
      from.set(given, at);
      from = at.next;
      given = answer;
    }
    if (!from.has(given)) from.set(given, outcomes);
  }
}

/** Notes what a request and its connection are asked. */
class Notes {
  readonly #names = new Set<string>();
  readonly #answers = new Map<Question, unknown>();
  #asWhole = false;

  overhear(overheard: Asked): Asked {
    const note = <T>(name: string, ask: (asked: Asked) => T): T => this.#answer(name, ask, overheard);
    const noted = (part: keyof Asked, name: PropertyKey): unknown =>
      note(`${part} ${String(name)}`, (asked): unknown => Reflect.get(asked[part], name));
    const headers: HeaderView = {
      get: (name) => note(`get ${name}`, ({ request }) => request.headers.get(name)),
      compared: (name) => note(`compared ${name}`, ({ request }) => request.headers.compared(name)),
    };
    return {
      request: new Proxy(overheard.request, {
        get: (_, name) => (name === 'headers' ? headers : noted('request', name)),
      }),
      socket: new Proxy(overheard.socket, { get: (_, name) => noted('socket', name) }),
      connection: new Proxy(overheard.connection, { get: (_, name) => noted('connection', name) }),
    };
  }

  /** In the order of asking; null: it was looked at as a whole, and is like no other. */
  answers(): ReadonlyMap<Question, unknown> | null {
    return this.#asWhole ? null : this.#answers;
  }

  #answer<T>(name: string, ask: (asked: Asked) => T, asked: Asked): T {
    const answer = ask(asked);
    if (typeof answer === 'object' && answer !== null) this.#asWhole = true;
    if (!this.#names.has(name)) {
      this.#names.add(name);
      this.#answers.set({ name, ask }, answer);
    }
    return answer;
  }
}
