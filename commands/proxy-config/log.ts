import * as Flags from '@oclif/core/flags';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ownShortFormatFlag, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigLog extends BaseCommand {
  static override summary = 'Show what a proxy logs, or change it';
  static override description =
    'The level of each logger of a running proxy, by its admin port, or of a captured answer of /logging. --level and --reset change ' +
    'the levels of a running proxy first.';
  static override aliases = ['proxy-config:o', 'pc:log', 'pc:o'];
  static override examples = [
    {
      description: 'Levels of a running proxy',
      command: '<%= config.bin %> proxy-config log --envoy-admin http://127.0.0.1:15000',
    },
    {
      description: 'More of two loggers',
      command:
        '<%= config.bin %> proxy-config log --envoy-admin http://127.0.0.1:15000 --level http:debug,connection:trace',
    },
  ];
  static override flags = {
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
    const { flags } = await this.parse(ProxyConfigLog);
    const { showLoggers } = await import('../../src/proxy-config.ts');
    const change = { level: flags.level ?? null, reset: flags.reset };
    const input = { admin: flags['envoy-admin'] ?? null, file: flags.file ?? null, change };
    this.answer(await showLoggers(input, flags.output), ExitStatus.ok);
  }
}
