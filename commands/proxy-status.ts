import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../src/cli/base-command.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { snapshotFlags } from '../src/cli/flags.ts';

const FORMATS = ['table', 'wide', 'reach-json', 'reach-yaml'] as const;

export default class ProxyStatus extends BaseCommand {
  static override summary = 'Show whether proxies run what their control plane has for them';
  static override description =
    'Without a name, lists every proxy that an istiod knows, with what it subscribes to (-v 1, -o wide: how far each kind of resource ' +
    'is, and why a proxy rejected one). With a name, holds what istiod has for that proxy against what it runs: listeners, routes, ' +
    'clusters, endpoints and secrets, by what they mean. Exit status: 0, or 3 when they differ.';
  static override aliases = ['ps'];
  static override examples = [
    { description: 'Every proxy', command: '<%= config.bin %> proxy-status --snapshot ./snapshot' },
    {
      description: 'One of them',
      command: '<%= config.bin %> proxy-status reviews-v1.bookinfo --snapshot ./snapshot',
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
    const where = { namespace: flags.namespace ?? null, snapshots: flags.snapshot ?? [] };
    if (args.proxy === undefined && flags.file === undefined && flags['istiod-file'] === undefined) {
      const question = { ...where, verbose: flags.verbosity > 0 };
      this.answer(await showProxyStatus(question, new Date(), flags.output), ExitStatus.ok);
      return;
    }
    const files = { file: flags.file ?? null, istiodFile: flags['istiod-file'] ?? null };
    const question = { ...where, ...files, target: args.proxy ?? null };
    const { text, different } = await showProxyDifference(question, flags.output);
    this.answer(text, different ? ExitStatus.unreachable : ExitStatus.ok);
  }
}
