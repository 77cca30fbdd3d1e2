/**
 * Questions asked of a live cluster. What answers them is pure and knows no waiting, so they are asked in rounds: answer with what is
 * known, collect what was looked for and not found, answer again, until there is all there is.
 */
import type { CollectionOptions } from './collect/live/collection-options.ts';
import type { ConnectionFlags } from './collect/live/connection-flags.ts';
import type { ConnectionSurroundings } from './collect/live/connection.ts';
import type { LiveCluster } from './collect/live/live.ts';
import { requestTimeout } from './collect/live/request-timeout.ts';
import { NotCapturedError, QuestionError } from './explain/question/question-input.ts';
import type { Gap } from './model/artefact.ts';
import { LiveError, orLiveError, sentence } from './live-error.ts';

/** More rounds than any question takes: each goes at least one place further. */
const ROUNDS = 40;

/** Which cluster is asked, as whom, and how. */
export interface LiveAccess {
  readonly flags: ConnectionFlags;
  /** Made when a cluster is asked: from then on Ctrl-C ends the asking in good order. */
  readonly surroundings: () => ConnectionSurroundings;
  /** absent: as exec and port-forward can. */
  readonly collection?: CollectionOptions | undefined;
  /** Hears what is being done. */
  readonly report: (doing: string) => void;
  /** How long everything may take, as typed (`30s`); absent: for ever. */
  readonly timeout?: string | undefined;
}

/** A cluster while it is open. */
export interface OpenCluster {
  readonly cluster: LiveCluster;
  readonly signal: AbortSignal;
  readonly report: (doing: string) => void;
}

/**
 * Opens a cluster for a piece of work, and closes it whatever becomes of that.
 * @throws InputError when no cluster is configured, LiveError when it cannot be asked at all
 */
export async function withCluster<T>(
  { flags, surroundings, collection, report, timeout }: LiveAccess,
  work: (open: OpenCluster) => Promise<T>,
): Promise<T> {
  const limit = timeout === undefined ? null : requestTimeout(timeout, '--timeout');
  const deadline = limit === null ? new AbortController().signal : AbortSignal.timeout(limit);
  report('connecting');
  const asked = surroundings();
  const around = { ...asked, signal: AbortSignal.any([asked.signal, deadline]) };
  // A bundle of its own: nothing that works without a cluster pays for it.
  const { openCluster } = await import('./collect/live/live.ts');
  const cluster = await orLiveError(() => openCluster(flags, around, collection));
  try {
    return await orLiveError(() => work({ cluster, signal: around.signal, report }));
  } catch (error) {
    if (!deadline.aborted || asked.signal.aborted) throw error;
    throw new LiveError(`there was no whole answer within ${timeout}`, ['Give it longer with --timeout.']);
  } finally {
    await cluster.close();
  }
}

/**
 * Answers a question in rounds.
 * @param ask is called once a round, and asks `cluster.source` for what it needs
 * @throws LiveError when it cannot be answered because something could not be collected, else what `ask` throws
 */
export async function askInRounds<T>(
  { cluster: { source, server }, signal, report }: OpenCluster,
  ask: () => T | Promise<T>,
): Promise<{ readonly answer: T; readonly rounds: number }> {
  for (let round = 1; ; round++) {
    const attempted = await attempt(ask);
    report(`asking ${server} (round ${round})`);
    const more = round < ROUNDS && !signal.aborted && (await source.collect(signal));
    if (more) continue;
    if ('answer' in attempted) return { answer: attempted.answer, rounds: round };
    throw unanswerable(attempted.error, source.gaps(), signal.aborted);
  }
}

async function attempt<T>(
  ask: () => T | Promise<T>,
): Promise<{ readonly answer: T } | { readonly error: QuestionError }> {
  try {
    return { answer: await ask() };
  } catch (error) {
    if (error instanceof QuestionError) return { error };
    throw error;
  }
}

/** What is not found is only missing when all of it could be looked through. */
function unanswerable(error: QuestionError, gaps: readonly Gap[], interrupted: boolean): Error {
  if (interrupted) return new LiveError('interrupted before the question could be asked', ['Run it again.']);
  const captured = !(error instanceof NotCapturedError);
  if (gaps.length === 0) return captured ? error : error.absent;
  if (gaps.some(({ problem }) => problem === error.message)) return new LiveError(error.message, error.hints);
  const hints = gaps
    .slice(0, 5)
    .map(({ problem, remedy }) => sentence(remedy === undefined ? problem : `${problem}: ${remedy}`));
  return new LiveError(`${error.message}, as far as the cluster could be read`, [
    ...hints,
    ...(captured ? error.hints : []),
  ]);
}
