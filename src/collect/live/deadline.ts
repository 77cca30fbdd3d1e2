/** A signal that ends when one of several does, or when time is up. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Whether it was the time that ended it. */
  readonly expired: () => boolean;
  /** Must be called when the work is done: it frees the timer and the listeners. */
  readonly done: () => void;
}

/**
 * Starts the clock. (AbortSignal.any and AbortSignal.timeout do as much, but in Node 20 what they make may be collected as garbage
 * before it fires.)
 * @param milliseconds null: only the signals end it
 */
export function startDeadline(milliseconds: number | null, signals: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let expired = false;
  const stop = (): void => controller.abort();
  const timer =
    milliseconds === null
      ? undefined
      : setTimeout(() => {
          expired = true;
          stop();
        }, milliseconds);
  for (const signal of signals) {
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  }
  return {
    signal: controller.signal,
    expired: () => expired,
    done: () => {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', stop);
    },
  };
}

/** Waits for work that does not know of the signal. @throws Error when the signal comes first */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Error('aborted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
