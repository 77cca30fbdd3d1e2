/** The cluster did not let the question be asked: what it refused, or Ctrl-C. Exit status 1. */
export class LiveError extends Error {
  /** Sentences: what to do next. */
  readonly hints: readonly string[];

  constructor(message: string, hints: readonly string[]) {
    super(message);
    this.name = 'LiveError';
    this.hints = hints;
  }
}

/** Runs what asks a cluster; a refusal of the whole cluster becomes a LiveError. */
export async function orLiveError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Told by its name: its class is in another bundle.
    if (error instanceof Error && error.name === 'RequestRefused' && 'remedy' in error) {
      throw new LiveError(error.message, [sentence(String(error.remedy))]);
    }
    throw error;
  }
}

/** A clause with a capital letter and a full stop. */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}${/[.!?]$/.test(clause) ? '' : '.'}`;
}
