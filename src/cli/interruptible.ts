import { CliError } from './cli-error.ts';
import { ExitStatus } from './exit-status.ts';

/**
 * Runs a piece of work that Ctrl-C stops in good order; pressed again, it ends the process as it stands.
 * @throws CliError when it was stopped
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    return await work(stopping.signal);
  } catch (error) {
    if (stopping.signal.aborted) {
      throw new CliError('stopped before the end', { status: ExitStatus.failed, cause: error });
    }
    throw error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
