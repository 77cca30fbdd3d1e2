/**
 * The ground of every command. In: the command line. Out: the answer on standard output and an exit status. It knows no
 * dataplane; a command parses its flags, asks `src/index.ts`, and prints what that gives.
 */
import { once } from 'node:events';
import { Command } from '@oclif/core/command';
import type { Config } from '@oclif/core/config';
import * as Flags from '@oclif/core/flags';
import type { collectionOf } from './collection-flags.ts';
import type { connectionOf } from './connection-flags.ts';
import { ExitStatus } from './exit-status.ts';
import { Progress } from './progress.ts';
import { describeTerminal, type Terminal } from './terminal.ts';

/** Every command by its oclif id: `explain`, `pc:listener`. Each is the default export of a file in `commands/`. */
export type CommandClasses = Readonly<Record<string, typeof BaseCommand>>;

/** How to come by each of them: a start pays for the commands that it loads. */
export type CommandLoaders = Readonly<Record<string, () => Promise<typeof BaseCommand>>>;

export abstract class BaseCommand extends Command {
  static override baseFlags = {
    'no-color': Flags.boolean({ summary: 'Print without colours (as does a NO_COLOR variable)', helpGroup: 'global' }),
  };

  /** By the name of a flag or argument, values that completion offers, each with a tab and a description if need be; others are as good. */
  static offers: Readonly<Record<string, readonly string[]>> = {};

  protected readonly progress = new Progress();

  /** Runs the command as oclif's `run` does, which would load the configuration a second time. */
  static async start(argv: readonly string[], config: Config): Promise<void> {
    const Concrete = this as unknown as new (argv: string[], config: Config) => BaseCommand;
    await new Concrete([...argv], config)._run();
  }

  /** What standard output can show. */
  protected terminal(): Terminal {
    return describeTerminal(process.stdout, process.env, this.argv.includes('--no-color'));
  }

  /** Prints the answer and settles the exit status; nothing else goes to standard output. */
  protected answer(text: string, status: ExitStatus): void {
    this.progress.clear();
    process.exitCode = status;
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Prints one piece of a long answer, and waits until the reader has room for more. */
  protected async answerPart(text: string | Buffer, status: ExitStatus): Promise<void> {
    this.progress.clear();
    process.exitCode = status;
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  }

  /**
   * What a live cluster is asked with.
   * @param signal ends the asking; without one, from now on Ctrl-C does, and a second one ends the process
   */
  protected surroundings(signal: AbortSignal = interruption()): {
    readonly environment: NodeJS.ProcessEnv;
    readonly hasTerminal: boolean;
    readonly signal: AbortSignal;
  } {
    return { environment: process.env, hasTerminal: process.stdin.isTTY, signal };
  }

  /** How a live cluster is asked: as whom, and, where nodes or proxies are read, how. */
  protected liveAccess(
    flags: ReturnType<typeof connectionOf>,
    collection?: ReturnType<typeof collectionOf>,
    timeout?: string,
  ) {
    return {
      flags,
      timeout,
      surroundings: () => this.surroundings(),
      collection,
      report: (doing: string): void => this.progress.phase(doing),
    };
  }

  /** Tells the person something beside the answer. */
  protected tell(sentence: string): void {
    this.progress.clear();
    process.stderr.write(`${sentence}\n`);
  }

  /** Prints what is known of an answer that Ctrl-C cut short. */
  protected answerInterrupted(text: string): void {
    this.answer(text, ExitStatus.failed);
    process.stderr.write('interrupted: the answer rests on what was collected until then\n');
  }

  protected override async catch(error: Error): Promise<never> {
    this.progress.clear();
    throw error;
  }
}

/** Is aborted by Ctrl-C. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  return controller.signal;
}
