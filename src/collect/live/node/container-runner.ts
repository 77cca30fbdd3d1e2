import { setTimeout as wait } from 'node:timers/promises';
import type { ApiAccess } from '../api-access.ts';
import { execInContainer, type ExecOutcome, type ExecTarget } from '../stream/exec.ts';
import { StreamError, type StreamFailure } from '../stream/stream-error.ts';
import { streamGap } from '../stream/stream-gap.ts';
import type { StreamTimes } from '../stream/web-socket.ts';
import type { CommandFailure, CommandRunner } from './command-runner.ts';
import type { Argv } from './commands.ts';

const ATTEMPTS = 3;
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** What the next command would meet as well. */
const LASTING: ReadonlySet<StreamFailure> = new Set(['forbidden', 'gone', 'no-websocket', 'unreachable', 'timeout']);

/** Runs commands in a container, after words that lead to another place if need be (`nsenter -t 1 -n --`). */
export class ContainerRunner implements CommandRunner {
  readonly place: string;
  readonly #access: ApiAccess;
  readonly #target: ExecTarget;
  readonly #prefix: readonly string[];
  readonly #times: StreamTimes | undefined;
  /** Tools that the container turned out not to have. */
  readonly #missing = new Map<string, ExecOutcome>();
  #lasting: CommandFailure | undefined;
  /** Whether the last command that was tried again and again did not come through: then the next one is tried once. */
  #tired = false;

  constructor(access: ApiAccess, target: ExecTarget, prefix: readonly string[] = [], times?: StreamTimes) {
    const through = prefix.length === 0 ? '' : ` through \`${prefix.join(' ')}\``;
    this.place = `in container ${target.container} of pod ${target.namespace}/${target.pod}${through}`;
    this.#access = access;
    this.#target = target;
    this.#prefix = prefix;
    this.#times = times;
  }

  async run(argv: Argv, signal: AbortSignal): Promise<ExecOutcome | CommandFailure> {
    for (let attempt = 1; ; attempt++) {
      const known = this.#lasting ?? this.#missing.get(argv[0]);
      if (known !== undefined) return known;
      try {
        const outcome = await execInContainer(this.#access, this.#target, [...this.#prefix, ...argv], {
          signal,
          ...(this.#times === undefined ? {} : { times: this.#times }),
        });
        if (outcome.kind === 'tool-missing') this.#missing.set(argv[0], outcome);
        this.#tired = false;
        return outcome;
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        if (attempt < ATTEMPTS && !this.#tired && isPassing(error)) {
          await pause(error.retryAfter === null ? PAUSE_MS * attempt : error.retryAfter * 1000, signal);
          continue;
        }
        const failure: CommandFailure = { kind: 'failed', ...streamGap(error, this.#target, 'exec') };
        if (LASTING.has(error.failure)) this.#lasting = failure;
        this.#tired ||= attempt === ATTEMPTS;
        return failure;
      }
    }
  }
}

/** Whether trying again makes sense: a busy server, a connection that was lost. */
function isPassing({ failure, status }: StreamError): boolean {
  return failure === 'cut-off' || status === 429 || status === 503;
}

/** Whoever gives up meanwhile hears of it from the next attempt. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(Math.min(milliseconds, LONGEST_PAUSE_MS), undefined, { signal });
  } catch {
    // Aborted.
  }
}
