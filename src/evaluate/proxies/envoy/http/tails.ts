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
import { AlikeOutcomes, AlikeRoutes } from './alike-routes.ts';
import type { AlikeRoute } from './alike-routes.ts';
import { Notes } from './overhear.ts';
import type { Asked, Question } from './overhear.ts';

/** Requests of one route that are remembered: of more, remembering takes more memory than it saves time. */
const REQUESTS_OF_ROUTE = 10_000;

/** What became of the requests that one filter chain took. */
export class Tails {
  readonly #byRoute = new WeakMap<object, RouteTails>();
  readonly #routes = new AlikeRoutes();
  readonly #byKind = new Map<string, RequestTree<AlikeOutcomes>>();

  /**
   * @param evaluate what to do with a request that is not answered yet; it must look at nothing else of the request
   * @param alike finds the route among those that are like it; null: it is like no other
   */
  recall(
    route: Cursor,
    asked: Asked,
    evaluate: (asked: Asked) => EnvoyOutcome[],
    alike: (routes: AlikeRoutes) => AlikeRoute | null = () => null,
  ): EnvoyOutcome[] {
    const key = route.value;
    if (typeof key !== 'object' || key === null) return evaluate(asked);
    let tails = this.#byRoute.get(key);
    if (tails === undefined) {
      const found = alike(this.#routes);
      tails = new RouteTails(found, found === null ? null : this.#treeOf(found.kind));
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

  #treeOf(kind: string): RequestTree<AlikeOutcomes> {
    const tree = this.#byKind.get(kind) ?? new RequestTree();
    this.#byKind.set(kind, tree);
    return tree;
  }
}

/** The outcomes of requests that took one route, and of those on routes like it. */
class RouteTails {
  readonly #own = new RequestTree<EnvoyOutcome[]>();
  readonly #route: AlikeRoute | null;
  readonly #shared: RequestTree<AlikeOutcomes> | null;
  /** What was told of this route; null: it cannot be. */
  readonly #told = new Map<AlikeOutcomes, EnvoyOutcome[] | null>();

  constructor(route: AlikeRoute | null, shared: RequestTree<AlikeOutcomes> | null) {
    this.#route = route;
    this.#shared = shared;
  }

  get full(): boolean {
    return this.#own.full;
  }

  find(asked: Asked): EnvoyOutcome[] | undefined {
    const alike = this.#shared?.find(asked);
    return (alike === undefined ? null : this.#tell(alike)) ?? this.#own.find(asked);
  }

  keep(notes: Notes, outcomes: EnvoyOutcome[]): void {
    const alike = this.#route === null ? null : AlikeOutcomes.of(this.#route, outcomes);
    if (alike === null || this.#shared === null || this.#shared.full) this.#own.keep(notes, outcomes);
    else {
      this.#shared.keep(notes, alike);
      this.#told.set(alike, outcomes);
    }
  }

  #tell(alike: AlikeOutcomes): EnvoyOutcome[] | null {
    let told = this.#told.get(alike);
    if (told === undefined) {
      told = this.#route === null ? null : alike.on(this.#route);
      this.#told.set(alike, told);
    }
    return told;
  }
}

/** Where a request gets to by its answers so far: to the next question, or to its end. */
type Place<End> = Fork<End> | Leaf<End>;

interface Leaf<End> {
  readonly question: null;
  readonly end: End;
}

/** A question, and where each answer that was given so far leads. */
interface Fork<End> {
  readonly question: Question;
  /** The first answer: most questions have no other. */
  readonly answer: unknown;
  readonly next: Place<End>;
  others: Map<unknown, Place<End>> | null;
}

/**
 * How requests ended. What is asked next depends on the answers so far alone, so that a request which gives the same answers to all
 * questions of an earlier one ends as that did.
 */
class RequestTree<End> {
  #first: Place<End> | null = null;
  #kept = 0;

  get full(): boolean {
    return this.#kept >= REQUESTS_OF_ROUTE;
  }

  find(asked: Asked): End | undefined {
    let place: Place<End> | undefined | null = this.#first;
    while (place !== undefined && place !== null) {
      if (place.question === null) return place.end;
      const answer = place.question.ask(asked);
      place = answer === place.answer ? place.next : place.others?.get(answer);
    }
    return undefined;
  }

  keep({ questions, answers }: Notes, end: End): void {
    this.#kept++;
    if (this.#first === null) {
      this.#first = wayTo(questions, answers, 0, end);
      return;
    }
    let place = this.#first;
    for (const [index, question] of questions.entries()) {
      if (place.question !== question) return;
      const answer = answers[index];
      let next = answer === place.answer ? place.next : place.others?.get(answer);
      if (next === undefined) {
        next = wayTo(questions, answers, index + 1, end);
        place.others ??= new Map();
        place.others.set(answer, next);
        return;
      }
      place = next;
    }
  }
}

/** The questions from one on, each with the one answer that is known, to the end. */
function wayTo<End>(questions: readonly Question[], answers: readonly unknown[], from: number, end: End): Place<End> {
  let place: Place<End> = { question: null, end };
  for (let index = questions.length - 1; index >= from; index--) {
    const question = questions[index];
    if (question !== undefined) place = { question, answer: answers[index], next: place, others: null };
  }
  return place;
}
