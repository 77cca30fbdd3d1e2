import { format } from 'node:util';
import * as Args from '@oclif/core/args';
import { afterEach, expect, it, vi } from 'vitest';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { outputFlag, snapshotFlags } from '../../src/cli/flags.ts';
import { showHelp } from '../../src/cli/help.ts';
import { loadConfig } from '../../src/cli/oclif-config.ts';

class Probe extends BaseCommand {
  static override summary = 'Probe a thing';
  static override aliases = ['try'];
  static override examples = [{ description: 'Probe a pod', command: '<%= config.bin %> probe web' }];
  static override args = { thing: Args.string({ description: 'What to probe', required: true, ignoreStdin: true }) };
  static override flags = { ...snapshotFlags, output: outputFlag(['json', 'yaml']) };

  override async run(): Promise<void> {
    await this.parse(Probe);
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

async function help(name: string | null): Promise<string> {
  let text = '';
  // oclif prints help through the console.
  vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => {
    text += `${format(...parts)}\n`;
  });
  await showHelp(await loadConfig({ probe: Probe, 'pc:listener': Probe }), name);
  return text;
}

it('describes a command with its arguments, flags, aliases and examples', async () => {
  const text = await help('probe');
  expect(text.replaceAll(/ +$/gm, '')).toBe(`Probe a thing

USAGE
  $ kubectl reach probe THING [--no-color] [--snapshot PATH...] [-n
    NAMESPACE] [-o json|yaml]

ARGUMENTS
  THING  What to probe

FLAGS
  -n, --namespace=NAMESPACE  Namespace of names that carry none
  -o, --output=json|yaml     Print it in this format
      --snapshot=PATH...     Read this snapshot (a folder or a .tar.gz); repeat
                             it for several clusters

GLOBAL FLAGS
  --no-color  Print without colours (as does a NO_COLOR variable)

ALIASES
  $ kubectl reach try

EXAMPLES
  Probe a pod

    $ kubectl reach probe web

`);
});

it('finds a command of several words, and its topic', async () => {
  expect(await help('pc listener')).toContain('$ kubectl reach pc listener THING');
  expect(await help('pc')).toContain('pc listener  Probe a thing');
});

it('lists commands by their own names alone on the first page', async () => {
  const text = await help(null);
  expect(text).toMatch(/^ {2}probe +Probe a thing$/m);
  expect(text).not.toMatch(/^ {2}try /m);
});
