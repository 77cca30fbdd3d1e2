/**
 * A question about a way through a live cluster. In: how to reach the cluster, and a question. Out: the answer, as from a snapshot. It
 * knows neither flags nor the process.
 */
import type { Traffic } from './collect/live/connection.ts';
import { explain } from './explain/explain.ts';
import type { QuestionInput } from './explain/question/question-input.ts';
import { askInRounds, withCluster, type LiveAccess } from './live-question.ts';
import type { Explanation } from './model/explanation.ts';
import { createWorkspace } from './workspace.ts';

export interface LiveAnswer {
  readonly explanation: Explanation;
  /** Ctrl-C came before everything was collected. */
  readonly interrupted: boolean;
  readonly traffic: Traffic;
  readonly server: string;
  /** Walks, the first one included. */
  readonly rounds: number;
  /** Sentences: through what each node was read. */
  readonly notes: readonly string[];
}

/**
 * Answers a question from a live cluster.
 * @throws QuestionError when the question cannot be asked, InputError when no cluster is configured, LiveError when the cluster
 *   refuses what the question itself needs
 */
export async function explainLive(access: LiveAccess, input: QuestionInput): Promise<LiveAnswer> {
  return await withCluster(access, async (open) => {
    const { cluster, signal } = open;
    const question: QuestionInput = { ...input, contextNamespace: cluster.namespace };
    const { answer, rounds } = await askInRounds(open, () => explain(createWorkspace(cluster.source), question));
    const { server } = cluster;
    const notes = cluster.notes();
    return { explanation: answer, rounds, interrupted: signal.aborted, traffic: cluster.traffic(), server, notes };
  });
}
