import type { LiveSource } from '../../src/collect/live/live-source.ts';
import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { createWorkspace } from '../../src/workspace.ts';

/** Walks take at most so many rounds of collection. */
const ROUNDS = 40;

/** Asks a running cluster all questions together: each round collects what any of them looked for. @returns in their order */
export async function answersFrom(
  source: LiveSource,
  questions: readonly QuestionInput[],
  signal: AbortSignal,
): Promise<readonly Explanation[]> {
  for (let round = 1; round <= ROUNDS; round++) {
    const facts = createWorkspace(source);
    const answers = questions.map((question) => attempt(() => explain(facts, question)));
    if (await source.collect(signal)) continue;
    return answers.map((answer) => answer());
  }
  throw new Error(`there was more to collect after ${ROUNDS} rounds`);
}

/** A question may not be askable until its ends are collected: an error counts in the last round alone. */
function attempt(make: () => Explanation): () => Explanation {
  try {
    const answer = make();
    return () => answer;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
