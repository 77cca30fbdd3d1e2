import { execFile } from 'node:child_process';
import type { ExecOutcome } from '../stream/exec.ts';
import { quoted } from '../stream/stream-error.ts';
import type { CommandFailure, CommandRunner } from './command-runner.ts';
import type { Argv } from './commands.ts';

const OUTPUT_BYTES = 1024 * 1024 * 1024;
const DEADLINE_MS = 120_000;
/** Where the tools are on systems that leave these folders to root's PATH. */
const SYSTEM_FOLDERS = '/usr/local/sbin:/usr/sbin:/sbin';
/** nsenter, as a shell, says with this status that there is no such program. */
const NOT_FOUND = 127;

/** Runs commands on the machine that this process runs on, after words that lead elsewhere if need be. */
export class LocalRunner implements CommandRunner {
  readonly place = 'on this machine';
  readonly #prefix: readonly string[];

  constructor(prefix: readonly string[] = []) {
    this.#prefix = prefix;
  }

  async run(argv: Argv, signal: AbortSignal): Promise<ExecOutcome | CommandFailure> {
    const [tool = '', ...words] = [...this.#prefix, ...argv];
    const env = { ...process.env, PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:${SYSTEM_FOLDERS}`, LC_ALL: 'C' };
    const options = { encoding: 'buffer', env, signal, timeout: DEADLINE_MS, maxBuffer: OUTPUT_BYTES } as const;
    return await new Promise((resolve) => {
      execFile(tool, words, options, (error, stdout, stderr) => {
        const text = stderr.toString('utf8');
        const exitCode = error === null ? 0 : error.code;
        if (exitCode === 'ENOENT' || exitCode === NOT_FOUND) {
          resolve({ kind: 'tool-missing', detail: quoted(text) });
        } else if (typeof exitCode === 'number') resolve({ kind: 'exited', exitCode, stdout, stderr: text });
        else resolve(notRun(argv, error?.message ?? '', signal));
      });
    });
  }
}

function notRun(argv: Argv, message: string, signal: AbortSignal): CommandFailure {
  const problem = signal.aborted
    ? `\`${argv.join(' ')}\` was broken off`
    : `\`${argv.join(' ')}\` did not end well: ${quoted(message)}`;
  return { kind: 'failed', gap: 'missing', problem, remedy: signal.aborted ? 'run it again and let it finish' : null };
}
