import { describe, expect, it } from 'vitest';
import type { CommandRunner } from '../../../../src/collect/live/node/command-runner.ts';
import type { Argv } from '../../../../src/collect/live/node/commands.ts';
import { LocalRunner } from '../../../../src/collect/live/node/local-runner.ts';
import { runTogether } from '../../../../src/collect/live/node/run-together.ts';
import type { ExecOutcome } from '../../../../src/collect/live/stream/exec.ts';

const SIGNAL = new AbortController().signal;

describe.runIf(process.platform !== 'win32')('a real shell', () => {
  const run = async (...commands: readonly Argv[]): Promise<readonly (ExecOutcome | undefined)[]> => {
    const outcomes = await runTogether(new LocalRunner(), commands, SIGNAL);
    return commands.map((argv) => outcomes.get(argv));
  };
  const exited = (stdout: string, exitCode = 0, stderr = ''): ExecOutcome => ({
    kind: 'exited',
    exitCode,
    stdout: Buffer.from(stdout, 'latin1'),
    stderr,
  });

  it('keeps outputs, errors and exit statuses apart, byte by byte', async () => {
    expect(
      await run(
        ['printf', 'no line end'],
        ['true'],
        ['sh', '-c', 'echo out; echo no >&2; exit 3'],
        ['printf', '\\n\\n\\377\\000x\\n'],
        ['false'],
      ),
    ).toEqual([
      exited('no line end'),
      exited(''),
      exited('out\n', 3, 'no\n'),
      exited('\n\n\u00ff\u0000x\n'),
      exited('', 1),
    ]);
  });

  it.each(['$(echo a)', '`echo a`', '; echo a', '"\'', '*', 'a\nb', '', '-n', '\\', '$mark', '7'])(
    'does not read the word %j',
    async (word) => {
      expect(await run(['printf', '%s|', word, word], ['printf', 'after'])).toEqual([
        exited(`${word}|${word}|`),
        exited('after'),
      ]);
    },
  );

  it('tells a tool that is not there, and goes on', async () => {
    const [missing, other] = await run(['no-such-tool', '-x'], ['printf', 'here']);
    expect([missing?.kind, other]).toEqual(['tool-missing', exited('here')]);
  });

  it('no command reads what was meant for another', async () => {
    expect(await run(['cat'], ['cat', '-'])).toEqual([exited(''), exited('')]);
  });
});

describe('a session that does not give everything', () => {
  const COMMANDS: readonly Argv[] = [['a'], ['b'], ['c']];
  const giving = (answer: (mark: string) => Awaited<ReturnType<CommandRunner['run']>>): CommandRunner => ({
    place: 'here',
    run: (argv) => Promise.resolve(answer(argv[4] ?? '')),
  });
  const printing = (stdout: (mark: string) => string, stderr: (mark: string) => string): CommandRunner =>
    giving((mark) => ({ kind: 'exited', exitCode: 0, stdout: Buffer.from(stdout(mark)), stderr: stderr(mark) }));
  const ended = async (runner: CommandRunner): Promise<readonly string[]> =>
    [...(await runTogether(runner, COMMANDS, SIGNAL)).keys()].map(([tool]) => tool);

  it.each<[string, readonly string[], CommandRunner]>([
    ['no shell', [], giving(() => ({ kind: 'tool-missing', detail: '' }))],
    ['a session that broke', [], giving(() => ({ kind: 'failed', gap: 'unreadable', problem: 'no', remedy: null }))],
    [
      'a shell that is something else',
      [],
      printing(
        () => 'usage: sh\n',
        () => '',
      ),
    ],
    [
      'a shell that was ended',
      ['a', 'b'],
      printing(
        (mark) => `1\n${mark} 0\n2\n${mark} 1\n3`,
        (mark) => `\n${mark}\n\n${mark}\n`,
      ),
    ],
    [
      'a mark that was cut',
      ['a'],
      printing(
        (mark) => `1\n${mark} 0\n2\n${mark} 1`,
        (mark) => `\n${mark}\n\n${mark}\n`,
      ),
    ],
    [
      'errors that were cut',
      ['a'],
      printing(
        (mark) => `1\n${mark} 0\n2\n${mark} 0\n`,
        (mark) => `\n${mark}\nlong`,
      ),
    ],
  ])('%s', async (_about, expected, runner) => {
    expect(await ended(runner)).toEqual(expected);
  });
});
