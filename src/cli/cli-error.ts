import { ExitStatus } from './exit-status.ts';

/** A failure that a person can act on: what is wrong, and what to do next. Printed without a stack trace. */
export class CliError extends Error {
  readonly status: ExitStatus;
  /** What to do next: one or more lines. */
  readonly remedy: string | undefined;

  constructor(message: string, options: { status?: ExitStatus; remedy?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.status = options.status ?? ExitStatus.usage;
    this.remedy = options.remedy;
  }
}
