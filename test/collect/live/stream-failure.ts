import { StreamError } from '../../../src/collect/live/stream/stream-error.ts';

/** The StreamError that something must fail with. */
export async function streamFailure(running: Promise<unknown>): Promise<StreamError> {
  const error: unknown = await running.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof StreamError) return error;
  throw error;
}
