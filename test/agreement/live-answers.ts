import type { QuestionInput } from '../../src/explain/question/question-input.ts';
import { DEFAULT_COLLECTION } from '../../src/collect/live/collection-options.ts';
import { openCluster } from '../../src/collect/live/live.ts';
import type { Explanation } from '../../src/model/explanation.ts';
import { NO_FLAGS } from '../collect/live/connecting.ts';
import { TOOLS_IMAGE } from '../lab/image/images.ts';
import type { Lab } from '../lab/lab.ts';
import { answersFrom } from './answers-from.ts';

/**
 * Asks a running cluster all questions together, through pods that are made on the nodes, so that pods' own network namespaces are seen
 * as well.
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
    return await answersFrom(cluster.source, questions, signal);
  } finally {
    await cluster.close();
  }
}
