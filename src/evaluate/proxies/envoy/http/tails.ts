/**
 * Remembers what became of requests after their route was chosen, so that of ten thousand requests each is followed only as far as it
 * differs from the others.
 *
 * In: the route, the request, and what evaluates it from there. Out: its outcomes, or those of an earlier request with the same route
 * that gave the same answer to everything that was asked of it. What is asked is noted while a request is evaluated (`overhear.ts`);
 * nothing is taken for irrelevant that was looked at.
 */
import type { EnvoyOutcome } from '../../../../model/envoy.ts';
import type { Cursor } from '../../../../model/json.ts';
import { Notes } from './overhear.ts';
import type { Asked, Question } from './overhear.ts';

/** Requests of one route that are remembered: of more, remembering takes more memory than it saves time. */
const REQUESTS_OF_ROUTE = 10_000;

/** What became of the requests that one filter chain took. */
export class Tails {
  readonly #byRoute = new WeakMap<object, RouteTails>();

  /** @param evaluate what to do with a request that is not answered yet; it must look at nothing else of the request */
  recall(route: Cursor, asked: Asked, evaluate: (asked: Asked) => EnvoyOutcome[]): EnvoyOutcome[] {
    const key = route.value;
    if (typeof key !== 'object' || key === null) return evaluate(asked);
    let tails = this.#byRoute.get(key);
    if (tails === undefined) {
      tails = new RouteTails();
      this.#byRoute.set(key, tails);
    }
    const known = tails.find(asked);
    if (known !== undefined) return known;
    if (tails.full) return evaluate(asked);
    const notes = new Notes(asked);
    const outcomes = evaluate(notes.overheard);
    if (!notes.asWhole) tails.keep(notes, outcomes);
    return outcomes;
  }
}

/** Where a request gets to by its answers so far: to the next question, or to its end. */
type Place = Fork | Leaf;

interface Leaf {
  readonly question: null;
  readonly outcomes: EnvoyOutcome[];
}

/** A question, and where each answer that was given so far leads. */
interface Fork {
  readonly question: Question;
  /** The first answer: most questions have no other. */
  readonly answer: unknown;
  readonly next: Place;
  others: Map<unknown, Place> | null;
}

/**
 * The outcomes of requests that took one route. What is asked next depends on the answers so far alone, so that a request which gives
 * the same answers to all questions of an earlier one ends as that did.
 */
class RouteTails {
  #first: Place | null = null;
  #kept = 0;

  get full(): boolean {
    return this.#kept >= REQUESTS_OF_ROUTE;
  }

  find(asked: Asked): EnvoyOutcome[] | undefined {
    let place: Place | undefined | null = this.#first;
    while (place !== undefined && place !== null) {
      if (place.question === null) return place.outcomes;
      const answer = place.question.ask(asked);
      place = answer === place.answer ? place.next : place.others?.get(answer);
    }
    return undefined;
  }

  keep({ questions, answers }: Notes, outcomes: EnvoyOutcome[]): void {
    this.#kept++;
    if (this.#first === null) {
      this.#first = wayTo(questions, answers, 0, outcomes);
      return;
    }
    let place = this.#first;
    for (const [index, question] of questions.entries()) {
      if (place.question !== question) return;
      const answer = answers[index];
      let next = answer === place.answer ? place.next : place.others?.get(answer);
      if (next === undefined) {
        next = wayTo(questions, answers, index + 1, outcomes);
        place.others ??= new Map();
        place.others.set(answer, next);
        return;
      }
      place = next;
    }
  }
}

/** The questions from one on, each with the one answer that is known, to the outcomes. */
function wayTo(
  questions: readonly Question[],
  answers: readonly unknown[],
  from: number,
  outcomes: EnvoyOutcome[],
): Place {
  let place: Place = { question: null, outcomes };
  for (let index = questions.length - 1; index >= from; index--) {
    const question = questions[index];
    if (question !== undefined) place = { question, answer: answers[index], next: place, others: null };
  }
  return place;
}
