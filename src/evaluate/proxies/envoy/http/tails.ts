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

/** Requests of one route that are remembered: of more, remembering takes more memory than it saves time. */
const REQUESTS_OF_ROUTE = 10_000;

/** What became of the requests that one filter chain took. */
export class Tails {
  readonly #byRoute = new WeakMap<object, RouteTails>();
  readonly #questions = new Map<string, Question>();
  readonly #interviews = new Map<string, readonly Question[]>();

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
    const notes = new Notes(this.#questions);
    const outcomes = evaluate(notes.overhear(asked));
    const answers = notes.answers();
    if (answers !== null) tails.keep(this.#interview(answers), remoteAddress, [...answers.values()], outcomes);
    return outcomes;
  }

  /** The questions, as one list for all requests that were asked the same. */
  #interview(answers: ReadonlyMap<string, unknown>): readonly Question[] {
    const names = [...answers.keys()];
    const key = names.join('\n');
    const interview = this.#interviews.get(key) ?? names.flatMap((name) => this.#questions.get(name) ?? []);
    this.#interviews.set(key, interview);
    return interview;
  }
}

/** Outcomes of requests that were asked the same questions, by the client's address and what they answered. */
interface Answered {
  readonly interview: readonly Question[];
  readonly outcomes: Map<string, EnvoyOutcome[]>;
}

/**
 * The outcomes of requests that took one route. What is asked next depends on the answers so far alone, so that a request which gives
 * the same answers to all questions of an earlier one ends as that did.
 */
class RouteTails {
  readonly #answered: Answered[] = [];
  #kept = 0;

  get full(): boolean {
    return this.#kept >= REQUESTS_OF_ROUTE;
  }

  find(remoteAddress: string, asked: Asked): EnvoyOutcome[] | undefined {
    for (const { interview, outcomes } of this.#answered) {
      const answers: unknown[] = [];
      for (const { ask } of interview) answers.push(ask(asked));
      const found = outcomes.get(answersKey(remoteAddress, answers));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  keep(
    interview: readonly Question[],
    remoteAddress: string,
    answers: readonly unknown[],
    outcomes: EnvoyOutcome[],
  ): void {
    this.#kept++;
    let answered = this.#answered.find((one) => one.interview === interview);
    if (answered === undefined) {
      answered = { interview, outcomes: new Map() };
      this.#answered.push(answered);
    }
    answered.outcomes.set(answersKey(remoteAddress, answers), outcomes);
  }
}

/** Tells answers from all others, kinds of value included. */
function answersKey(remoteAddress: string, answers: readonly unknown[]): string {
  let key = remoteAddress;
  for (const answer of answers) key += `\n${answerText(answer)}`;
  return key;
}

/** No outcome is kept for an answer that is no scalar: its text is that of no other. */
function answerText(answer: unknown): string {
  if (typeof answer === 'string') return JSON.stringify(answer);
  return isScalar(answer) ? String(answer) : '{}';
}

function isScalar(answer: unknown): boolean {
  return typeof answer !== 'object' || answer === null;
}

/** Notes what a request and its connection are asked. */
class Notes {
  /** By name, for all requests. */
  readonly #questions: Map<string, Question>;
  readonly #answers = new Map<string, unknown>();
  #asWhole = false;

  constructor(questions: Map<string, Question>) {
    this.#questions = questions;
  }

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

  /** By the name of the question, in the order of asking; null: it was looked at as a whole, and is like no other. */
  answers(): ReadonlyMap<string, unknown> | null {
    return this.#asWhole ? null : this.#answers;
  }

  #answer<T>(name: string, ask: (asked: Asked) => T, asked: Asked): T {
    const answer = ask(asked);
    if (!isScalar(answer)) this.#asWhole = true;
    if (!this.#questions.has(name)) this.#questions.set(name, { name, ask });
    this.#answers.set(name, answer);
    return answer;
  }
}
