import { explain } from '../../src/explain/explain.ts';
import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { DEFAULT_COLLECTION } from '../../src/collect/live/collection-options.ts';
import { openCluster } from '../../src/collect/live/live.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { createWorkspace } from '../../src/workspace.ts';
import { NO_FLAGS } from '../collect/live/connecting.ts';
import { TOOLS_IMAGE } from '../lab/image/images.ts';
import type { Lab } from '../lab/lab.ts';

/** Walks take at most so many rounds of collection. */
const ROUNDS = 40;

/**
 * Asks a running cluster all questions together: each round collects what any of them looked for, through pods that are made on the
 * nodes, so that pods' own network namespaces are seen as well.
 * @returns the answers, in the order of the questions
 */
export async function liveAnswers(lab: Lab, questions: readonly QuestionInput[]): Promise<readonly Explanation[]> {
  const { signal } = new AbortController();
  const cluster = await openCluster(
    { ...NO_FLAGS, kubeconfig: lab.kubeconfig },
    { environment: {}, hasTerminal: false, signal },
    { ...DEFAULT_COLLECTION, nodeAccess: 'debug-pod', debugImage: TOOLS_IMAGE },
  );
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      const facts = createWorkspace(cluster.source);
      const answers = questions.map((question) => attempt(() => explain(facts, question)));
      if (await cluster.source.collect(signal)) continue;
      return answers.map((answer) => answer());
    }
    throw new Error(`there was more to collect after ${ROUNDS} rounds`);
  } finally {
    await cluster.close();
  }
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
