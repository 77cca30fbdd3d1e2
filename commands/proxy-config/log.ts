import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { liveFlags, manyProxiesFlags, ownShortFormatFlag, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigLog extends ProxyCommand {
  static override summary = 'Show what a proxy logs, or change it';
  static override description =
    'The level of each logger: of pods (all of a Deployment, Service or Gateway), of an admin port, or of a captured answer of ' +
    '/logging. --level and --reset, and nothing else, change the levels of running proxies; what they are afterwards is shown.';
  static override aliases = ['proxy-config:o', 'pc:log', 'pc:o'];
  static override examples = [
    {
      description: 'Levels of a pod of the cluster of the current context',
      command: '<%= config.bin %> proxy-config log reviews-v1-abc.bookinfo',
    },
    {
      description: 'More of two loggers, in all pods of a Deployment',
      command: '<%= config.bin %> proxy-config log deploy/reviews-v1.bookinfo --level http:debug,connection:trace',
    },
    {
      description: 'By an admin port',
      command: '<%= config.bin %> proxy-config log --envoy-admin http://127.0.0.1:15000',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...liveFlags,
    namespace: proxyFlags.namespace,
    selector: manyProxiesFlags.selector,
    'envoy-admin': proxyFlags['envoy-admin'],
    file: Flags.string({ char: 'f', summary: 'Read an answer of /logging from this file', helpValue: 'FILE' }),
    level: Flags.string({
      summary:
        'Set this level: trace, debug, info, warning, error, critical or off; LOGGER:LEVEL for one, with commas for several',
      helpValue: 'LEVEL',
    }),
    reset: Flags.boolean({ char: 'r', summary: 'Set all levels to warning' }),
    output: ownShortFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigLog);
    const { showLoggers } = await import('../../src/proxy-views.ts');
    const input = {
      target: args.proxy ?? null,
      namespace: flags.namespace ?? null,
      selector: flags.selector ?? null,
      admin: flags['envoy-admin'] ?? null,
      file: flags.file ?? null,
      change: { level: flags.level ?? null, reset: flags.reset },
      live: this.live(flags),
    };
    this.answer(await showLoggers(input, flags.output), ExitStatus.ok);
  }
}
