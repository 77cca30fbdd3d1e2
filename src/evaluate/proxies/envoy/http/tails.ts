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

/** Something that was looked at, and what it was. */
interface Question {
  readonly ask: (asked: Asked) => unknown;
  readonly answer: unknown;
}

interface Tail {
  readonly remoteAddress: string;
  readonly questions: readonly Question[];
  readonly outcomes: EnvoyOutcome[];
}

/** Requests of one route that differ in what is asked of them; with more, remembering costs more than it saves. */
const TAILS_OF_ROUTE = 4;

/** What became of the requests that one filter chain took. */
export class Tails {
  readonly #byRoute = new WeakMap<object, Tail[]>();

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
    const tails = this.#byRoute.get(key) ?? [];
    const alike = tails.find(
      (tail) =>
        tail.remoteAddress === remoteAddress && tail.questions.every(({ ask, answer }) => ask(asked) === answer),
    );
    if (alike !== undefined) return alike.outcomes;
    if (tails.length >= TAILS_OF_ROUTE) return evaluate(asked);
    const notes = new Notes();
    const outcomes = evaluate(notes.overhear(asked));
    const questions = notes.questions();
    if (questions !== null) this.#byRoute.set(key, [...tails, { remoteAddress, questions, outcomes }]);
    return outcomes;
  }
}

/** Notes what a request and its connection are asked. */
class Notes {
  readonly #questions = new Map<string, Question>();
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

  /** null: it was looked at as a whole, and is like no other. */
  questions(): readonly Question[] | null {
    return this.#asWhole ? null : [...this.#questions.values()];
  }

  #answer<T>(name: string, ask: (asked: Asked) => T, asked: Asked): T {
    const answer = ask(asked);
    if (typeof answer === 'object' && answer !== null) this.#asWhole = true;
    this.#questions.set(name, { ask, answer });
    return answer;
  }
}
