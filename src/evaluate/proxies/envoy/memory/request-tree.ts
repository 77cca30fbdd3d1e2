import type { Asked, Notes, Question } from './overhear.ts';

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
export class RequestTree<End> {
  #first: Place<End> | null = null;

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
