import type { Gap, GapKind } from '../../../model/artefact.ts';
import type { Collected } from '../collector.ts';
import type { ExecOutcome } from '../stream/exec.ts';
import { quoted } from '../stream/stream-error.ts';
import type { CommandFailure, CommandRunner } from './command-runner.ts';
import { NETNS_COMMANDS, type Argv } from './commands.ts';

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

/**
 * Reads one file of a network namespace: the first command that succeeds in the first place that has it.
 * @param name the artefact's name
 * @param file its name in the folder, one of NETNS_COMMANDS
 * @param remedy one clause: what would close the gap if no place has the tool
 */
export async function readNetnsFile(
  name: string,
  file: string,
  runners: readonly CommandRunner[],
  remedy: string,
  signal: AbortSignal,
): Promise<Collected> {
  const { commands, suffices = () => true, partial = false } = NETNS_COMMANDS[file] ?? { commands: [] };
  const attempts: Attempt[] = [];
  const lacking: string[] = [];
  let fallback: Collected | undefined;
  for (const runner of runners) {
    for (const argv of commands) {
      const outcome = await runner.run(argv, signal);
      if (outcome.kind === 'exited' && (outcome.exitCode === 0 || (partial && outcome.stdout.length > 0))) {
        const collected = { bytes: withNote(outcome), capturedAt: new Date().toISOString() };
        if (suffices(collected.bytes)) return collected;
        fallback = collected;
      } else if (outcome.kind === 'tool-missing') lacking.push(`${argv[0]} ${runner.place}`);
      else attempts.push(attemptOf(argv, runner, outcome));
    }
    if (fallback !== undefined) return fallback;
  }
  return { gap: gapOf(name, attempts, lacking, remedy) };
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
