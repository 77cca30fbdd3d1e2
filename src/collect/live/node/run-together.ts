import { randomUUID } from 'node:crypto';
import type { ExecOutcome } from '../stream/exec.ts';
import { quoted } from '../stream/stream-error.ts';
import type { CommandRunner } from './command-runner.ts';
import type { Argv } from './commands.ts';

/**
 * Runs commands one after another. Its arguments are a mark, and for each command the number of its words and the words, which no
 * shell reads: they are turned to the end of the list, where they alone are left, and run as they are. After a command both outputs
 * carry a line with the mark, standard output the exit status as well.
 */
const SCRIPT = `mark=$1
shift
while [ $# -gt 0 ]; do
  (
    count=$1
    shift
    others=$(($# - count))
    while [ $count -gt 0 ]; do
      set -- "$@" "$1"
      shift
      count=$((count - 1))
    done
    shift $others
    exec "$@"
  ) </dev/null
  printf '\\n%s %s\\n' "$mark" $?
  printf '\\n%s\\n' "$mark" >&2
  shift $(($1 + 1))
done`;

/** What a shell says with its exit status: there is no such program. */
const NOT_FOUND = 127;

/**
 * Runs several commands in one session, which costs more to open than most commands cost.
 * @returns how those ended that did; none where there is no shell, and the rest is missing where the session broke
 */
export async function runTogether(
  runner: CommandRunner,
  commands: readonly Argv[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Argv, ExecOutcome>> {
  // Nothing that a command prints can know it.
  const mark = randomUUID();
  const words = commands.flatMap((argv) => [String(argv.length), ...argv]);
  const outcome = await runner.run(['sh', '-c', SCRIPT, 'sh', mark, ...words], signal);
  if (outcome.kind !== 'exited') return new Map();
  const outputs = sections(outcome.stdout, mark);
  const errors = sections(Buffer.from(outcome.stderr), mark);
  const ended = commands.slice(0, Math.min(outputs.length, errors.length));
  return new Map(ended.map((argv, at) => [argv, outcomeOf(outputs[at], errors[at])]));
}

/** What stood before a mark, and what followed the mark on its line. */
interface Section {
  readonly bytes: Buffer;
  readonly note: string;
}

function sections(output: Buffer, mark: string): readonly Section[] {
  const found: Section[] = [];
  const line = `\n${mark}`;
  for (let from = 0; ;) {
    const at = output.indexOf(line, from);
    const end = at < 0 ? -1 : output.indexOf('\n', at + line.length);
    if (end < 0) return found;
    found.push({ bytes: output.subarray(from, at), note: output.toString('latin1', at + line.length, end).trim() });
    from = end + 1;
  }
}

function outcomeOf(output: Section | undefined, error: Section | undefined): ExecOutcome {
  const stderr = error?.bytes.toString('utf8') ?? '';
  const exitCode = Number(output?.note);
  if (exitCode === NOT_FOUND) return { kind: 'tool-missing', detail: quoted(stderr) };
  return { kind: 'exited', exitCode, stdout: output?.bytes ?? Buffer.alloc(0), stderr };
}
