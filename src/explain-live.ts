/**
 * A question asked of a live cluster. In: flags of the connection and a question. Out: the answer, as from a snapshot. The walk is
 * pure and knows no waiting, so it goes in rounds: walk with what is known, collect what it looked for and did not find, walk again,
 * until it finds all there is. It knows neither flags nor the process.
 */
import type { CollectionOptions } from './collect/live/collection-options.ts';
import type { ConnectionFlags } from './collect/live/connection-flags.ts';
import type { ConnectionSurroundings, Traffic } from './collect/live/connection.ts';
import type { LiveCluster } from './collect/live/live.ts';
import { explain } from './explain/explain.ts';
import { NotCapturedError, QuestionError, type QuestionInput } from './explain/question/question-input.ts';
import type { Gap } from './model/artefact.ts';
import type { Explanation } from './model/explanation.ts';
import { LiveError, orLiveError, sentence } from './live-error.ts';
import { createWorkspace } from './workspace.ts';

/** More rounds than a walk through any cluster takes: each goes at least one place further. */
const ROUNDS = 40;

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
 * @param report hears what is being done
 * @param collection how nodes and proxies are read; without it as exec and port-forward can
 * @throws QuestionError when the question cannot be asked, InputError when no cluster is configured, LiveError when the cluster
 *   refuses what the question itself needs
 */
export async function explainLive(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  input: QuestionInput,
  report: (doing: string) => void,
  collection?: CollectionOptions,
): Promise<LiveAnswer> {
  report('connecting');
  const cluster = await opened(flags, surroundings, collection);
  try {
    const question: QuestionInput = { ...input, contextNamespace: cluster.namespace };
    const answer = await inRounds(cluster, surroundings.signal, question, report);
    const interrupted = surroundings.signal.aborted;
    return { ...answer, interrupted, traffic: cluster.traffic(), server: cluster.server, notes: cluster.notes() };
  } finally {
    await cluster.close();
  }
}

async function opened(
  flags: ConnectionFlags,
  surroundings: ConnectionSurroundings,
  collection?: CollectionOptions,
): Promise<LiveCluster> {
  // A bundle of its own: nothing that works without a cluster pays for it.
  const { openCluster } = await import('./collect/live/live.ts');
  return await orLiveError(() => openCluster(flags, surroundings, collection));
}

async function inRounds(
  { source, server }: LiveCluster,
  signal: AbortSignal,
  input: QuestionInput,
  report: (doing: string) => void,
): Promise<{ readonly explanation: Explanation; readonly rounds: number }> {
  for (let round = 1; ; round++) {
    const answer = attempt(() => explain(createWorkspace(source), input));
    report(`asking ${server} (round ${round})`);
    const more = round < ROUNDS && !signal.aborted && (await source.collect(signal));
    if (more) continue;
    if (answer.explanation !== undefined) return { explanation: answer.explanation, rounds: round };
    throw unaskable(answer.error, source.gaps(), signal.aborted);
  }
}

function attempt(
  make: () => Explanation,
): { readonly explanation: Explanation } | { readonly explanation?: never; readonly error: QuestionError } {
  try {
    return { explanation: make() };
  } catch (error) {
    if (error instanceof QuestionError) return { error };
    throw error;
  }
}

/** What is not found is only missing when all of it could be looked through. */
function unaskable(error: QuestionError, gaps: readonly Gap[], interrupted: boolean): Error {
  if (interrupted) return new LiveError('interrupted before the question could be asked', ['Run it again.']);
  const captured = !(error instanceof NotCapturedError);
  if (gaps.length === 0) return captured ? error : new QuestionError(error.message, ['The cluster has none.']);
  const hints = gaps
    .slice(0, 5)
    .map(({ problem, remedy }) => sentence(remedy === undefined ? problem : `${problem}: ${remedy}`));
  return new LiveError(`${error.message}, as far as the cluster could be read`, [
    ...hints,
    ...(captured ? error.hints : []),
  ]);
}
