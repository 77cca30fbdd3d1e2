import type { Gap, GapKind } from '../../../model/artefact.ts';
import type { Collected } from '../collector.ts';
import type { ExecOutcome } from '../stream/exec.ts';
import { quoted } from '../stream/stream-error.ts';
import type { Turns } from '../turns.ts';
import type { CommandFailure, CommandRunner } from './command-runner.ts';
import { AGENT_COMMANDS, NETNS_COMMANDS, type Argv, type FileCommands } from './commands.ts';
import { runTogether } from './run-together.ts';

/**
 * What iptables-nft-save says on standard error of tables of the other back end (iptables/nft.c, nft_check_xt_legacy). It belongs
 * to the file: without it, rules that nobody captured would be thought not to be there.
 */
const LEGACY_NOTE = /^# Warning: [^\n]{0,60}tables-legacy tables present[^\n]{0,80}$/m;

/** A place where a file could not be read, and why. */
interface Attempt {
  readonly gap: GapKind;
  readonly problem: string;
  readonly remedy: string | null;
}

/** A file that is being read. */
interface Reading {
  readonly name: string;
  readonly commands: FileCommands;
  readonly attempts: Attempt[];
  readonly lacking: string[];
  /** Of the place that is asked: the best it gave so far, which may not suffice. */
  fallback?: Collected;
  collected?: Collected;
}

/**
 * Reads files of a network namespace: of each, the first command that succeeds in the first place that has it. What is run in a place is
 * run in one session as far as possible.
 * @param files the artefacts' names, with their names in the folder, which are of NETNS_COMMANDS or AGENT_COMMANDS
 * @param remedy one clause: what would close the gap if no place has the tool
 * @param turns bounds what runs at a time
 */
export async function readNetnsFiles(
  files: ReadonlyMap<string, string>,
  runners: readonly CommandRunner[],
  remedy: string,
  turns: Turns,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Collected>> {
  const readings = [...files].map(([name, file]): Reading => {
    const commands = NETNS_COMMANDS[file] ?? AGENT_COMMANDS[file] ?? { commands: [] };
    return { name, commands, attempts: [], lacking: [] };
  });
  for (const runner of runners) {
    const most = Math.max(...readings.map(({ commands: { commands } }) => commands.length));
    for (let choice = 0; choice < most; choice += 1) {
      const asked = readings.flatMap((reading) => {
        const argv = reading.commands.commands[choice];
        return argv === undefined || reading.collected !== undefined ? [] : [{ reading, argv }];
      });
      const outcomes = await runAll(
        runner,
        asked.map(({ argv }) => argv),
        turns,
        signal,
      );
      for (const [at, { reading, argv }] of asked.entries()) take(reading, argv, runner, outcomes[at]);
    }
    for (const reading of readings) if (reading.fallback !== undefined) reading.collected ??= reading.fallback;
  }
  return new Map(
    readings.map(({ name, collected, attempts, lacking }) => [
      name,
      collected ?? { gap: gapOf(name, attempts, lacking, remedy) },
    ]),
  );
}

/** Runs commands in one session; those that did not end there, each in one of its own. @returns how they ended, in their order */
async function runAll(
  runner: CommandRunner,
  commands: readonly Argv[],
  turns: Turns,
  signal: AbortSignal,
): Promise<readonly (ExecOutcome | CommandFailure)[]> {
  const together =
    commands.length < 2 ? new Map<Argv, ExecOutcome>() : await turns.take(() => runTogether(runner, commands, signal));
  return await Promise.all(
    commands.map(async (argv) => together.get(argv) ?? (await turns.take(() => runner.run(argv, signal)))),
  );
}

function take(
  reading: Reading,
  argv: Argv,
  runner: CommandRunner,
  outcome: ExecOutcome | CommandFailure | undefined,
): void {
  const { suffices = () => true, partial = false } = reading.commands;
  if (outcome === undefined) return;
  if (outcome.kind === 'tool-missing') reading.lacking.push(`${argv[0]} ${runner.place}`);
  else if (outcome.kind === 'exited' && (outcome.exitCode === 0 || (partial && outcome.stdout.length > 0))) {
    const collected = { bytes: withNote(outcome), capturedAt: new Date().toISOString() };
    if (suffices(collected.bytes)) reading.collected = collected;
    else reading.fallback = collected;
  } else reading.attempts.push(attemptOf(argv, runner, outcome));
}

function withNote({ stdout, stderr }: Extract<ExecOutcome, { kind: 'exited' }>): Buffer {
  const note = LEGACY_NOTE.exec(stderr)?.[0];
  return note === undefined ? stdout : Buffer.concat([stdout, Buffer.from(`${note}\n`)]);
}

function attemptOf(
  argv: Argv,
  { place }: CommandRunner,
  outcome: CommandFailure | Extract<ExecOutcome, { kind: 'exited' }>,
): Attempt {
  if (outcome.kind === 'failed') return outcome;
  const said = outcome.stderr === '' ? '' : `: ${quoted(outcome.stderr)}`;
  return {
    gap: 'missing',
    problem: `\`${argv.join(' ')}\` ${place} ended with status ${outcome.exitCode}${said}`,
    remedy: null,
  };
}

/** What went wrong tells more than which tools are not there. */
function gapOf(artefact: string, attempts: readonly Attempt[], lacking: readonly string[], remedy: string): Gap {
  const [first, ...others] = attempts;
  if (first !== undefined) {
    const problems = [...new Set([first, ...others].map((one) => one.problem))];
    const missing = lacking.length === 0 ? [] : [`there is no ${lacking.join(', and no ')}`];
    return {
      kind: first.gap,
      artefact,
      problem: [...problems, ...missing].join('; '),
      remedy: first.remedy ?? remedy,
    };
  }
  const problem =
    lacking.length === 0
      ? 'no pod was found on the node that can see its network'
      : `there is no ${lacking.join(', and no ')}`;
  return { kind: 'missing', artefact, problem, remedy };
}
