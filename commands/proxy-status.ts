import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { DIFF_STATUS, ExitStatus } from '../src/cli/exit-status.ts';
import { CliError } from '../src/cli/cli-error.ts';
import { snapshotFlags } from '../src/cli/flags.ts';
import { ProxyCommand } from '../src/cli/proxy-command.ts';
import { istiodFlags, istiodSelection, liveFlags } from '../src/cli/proxy-flags.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'reach-json', 'reach-yaml'] as const;

export default class ProxyStatus extends ProxyCommand {
  static override summary = 'Show whether proxies run what their control plane has for them';
  static override description =
    'Without a name, lists every proxy that an istiod knows, with what it subscribes to (-v 1, -o wide: how far each kind of resource ' +
    'is, and why a proxy rejected one). With a name, holds what istiod has for that proxy against what it runs: listeners, routes, ' +
    'clusters, endpoints and secrets, by what they mean. Exit status: 0, 3 when they differ, or 4 when a part is missing on one side.';
  static override aliases = ['ps', 'x:proxy-status', 'x:ps', 'experimental:proxy-status', 'experimental:ps'];
  static override examples = [
    { description: 'Every proxy of the cluster of the current context', command: '<%= config.bin %> proxy-status' },
    { description: 'Every proxy of a snapshot', command: '<%= config.bin %> proxy-status --snapshot ./snapshot' },
    {
      description: 'One of them',
      command: '<%= config.bin %> proxy-status reviews-v1.bookinfo',
    },
    {
      description: 'From files',
      command: '<%= config.bin %> proxy-status --file config_dump.json --istiod-file istiod_config_dump.json',
    },
  ];
  static override args = {
    proxy: Args.string({ description: 'Pod with the proxy: [TYPE/]NAME[.NAMESPACE]', ignoreStdin: true }),
  };
  static override flags = {
    ...snapshotFlags,
    ...liveFlags,
    ...istiodFlags,
    file: Flags.string({ summary: "Take the proxy's config_dump from this file", helpValue: 'FILE' }),
    'istiod-file': Flags.string({
      summary: 'Take what istiod has for the proxy from this file (its /debug/config_dump?proxyID=…)',
      helpValue: 'FILE',
    }),
    verbosity: Flags.integer({
      char: 'v',
      summary: 'With 1, show one column for each kind of resource',
      helpValue: 'LEVEL',
      default: 0,
      min: 0,
    }),
    output: Flags.option({
      char: 'o',
      summary: 'Print it in this format',
      helpValue: FORMATS.join('|'),
      options: FORMATS,
      default: 'table',
    })(),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyStatus);
    const { showProxyDifference, showProxyStatus } = await import('../src/proxy-status.ts');
    const where = {
      namespace: flags.namespace ?? null,
      snapshots: flags.snapshot ?? [],
      istiods: istiodSelection(flags),
      live: this.live(flags),
    };
    const { output } = flags;
    if (args.proxy === undefined && flags.file === undefined && flags['istiod-file'] === undefined) {
      const question = { ...where, verbose: flags.verbosity > 0 };
      const { text, notes } = await showProxyStatus(question, new Date(), output);
      for (const note of notes) this.tell(note);
      this.answer(text, ExitStatus.ok);
      return;
    }
    if (output === 'json' || output === 'yaml') {
      throw new CliError(`a difference is no message of istioctl: -o ${output} lists all proxies`, {
        remedy: `Ask for -o reach-${output}.`,
      });
    }
    const files = { file: flags.file ?? null, istiodFile: flags['istiod-file'] ?? null };
    const question = { ...where, ...files, target: args.proxy ?? null };
    const { text, verdict } = await showProxyDifference(question, output);
    this.answer(text, DIFF_STATUS[verdict]);
  }
}
