import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag, snapshotFlags, verboseFlag } from '../src/cli/flags.ts';
import { offeredResponseFlags } from '../src/cli/response-flags.ts';

export default class Why extends BaseCommand {
  static override summary = 'Say what may have made an Envoy log a response flag, from what was captured of it';
  static override description =
    'Looks for every known cause of a response flag (UF, NR, UH …; RESPONSE_FLAGS in the access log) in the configuration of a proxy and ' +
    'its counters, and prints those that are there first, with the places that show them, and those that are ruled out last. ' +
    'Several flags are given with commas; long names are understood as well. Without a proxy, every one of the snapshot is asked. ' +
    'Exit status: 0 it was answered, whatever the answer is.';
  static override examples = [
    {
      description: 'A proxy logs that a cluster has no healthy host',
      command: '<%= config.bin %> why UH at productpage-v1.bookinfo --snapshot samples/istio-bookinfo',
    },
    {
      description: 'With the details beside the flag, which rule causes out',
      command: '<%= config.bin %> why NR --detail filter_chain_not_found --file config_dump.json',
    },
    {
      description: 'Several flags of one request, by any of their names, as JSON',
      command:
        '<%= config.bin %> why UpstreamConnectionFailure,URX --file config_dump.json --clusters clusters.json -o json',
    },
  ];
  static override args = {
    flag: Args.string({ description: 'Response flags: UF, or UF,URX', required: true, ignoreStdin: true }),
    at: Args.string({ description: 'The word `at`, which may be left out', ignoreStdin: true }),
    proxy: Args.string({
      description: 'Pod with the proxy, in the snapshot: [TYPE/]NAME[.NAMESPACE]',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    ...snapshotFlags,
    detail: Flags.string({ summary: 'RESPONSE_CODE_DETAILS beside the flag', helpValue: 'TEXT' }),
    file: Flags.string({
      char: 'f',
      summary: "A proxy's /config_dump (best with ?include_eds), or - for standard input",
      helpValue: 'FILE',
    }),
    clusters: Flags.string({ summary: "The proxy's /clusters?format=json", helpValue: 'FILE', dependsOn: ['file'] }),
    verbose: verboseFlag,
    output: outputFlag(['json', 'yaml']),
  };

  static override offers = { flag: offeredResponseFlags, at: ['at'] };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Why);
    const { answerWhy, renderWhyAnswer } = await import('../src/why.ts');
    const spelled = args.at === 'at';
    if (spelled && args.proxy === undefined) {
      throw new CliError('no proxy follows `at`', { remedy: 'Name one: at POD.NAMESPACE.' });
    }
    if (!spelled && args.proxy !== undefined) {
      throw new CliError(`there is one word too many: ${args.proxy}`, {
        remedy: 'Give flags with commas: why UF,URX at POD.NAMESPACE.',
      });
    }
    if (flags.file === '-' && flags.clusters === '-') {
      throw new CliError('standard input can hold one file only', {
        remedy: 'Give `-` once, and a path for the rest.',
      });
    }
    this.progress.phase('reading what was captured');
    const answer = await answerWhy({
      flags: args.flag,
      detail: flags.detail ?? null,
      target: (spelled ? args.proxy : args.at) ?? null,
      namespace: flags.namespace ?? null,
      snapshots: flags.snapshot ?? [],
      file: flags.file ?? null,
      clusters: flags.clusters ?? null,
    });
    const text = await renderWhyAnswer(answer, flags.output ?? 'text', this.terminal(), flags.verbose);
    this.answer(text, ExitStatus.ok);
  }
}
