import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

const { file: _file, snapshot: _snapshot, ...flags } = ztunnelFlags;

export default class ZtunnelConfigLog extends ProxyCommand {
  static override summary = 'Show what ztunnels log, or change it';
  static override description =
    'Of one ztunnel, or of all without a name. --level and --reset, and nothing else, change what they log.';
  static override aliases = ['ztunnel-config:o', 'zc:log', 'zc:o'];
  static override examples = [
    { description: 'Of every ztunnel', command: '<%= config.bin %> ztunnel-config log' },
    {
      description: 'More of one part, on one node',
      command: '<%= config.bin %> ztunnel-config log --node node1 --level info,ztunnel::proxy:debug',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...flags,
    level: Flags.string({
      summary:
        'Set this level: trace, debug, info, warn, error or off; TARGET:LEVEL for a part, with commas for several',
      helpValue: 'LEVEL',
    }),
    reset: Flags.boolean({ char: 'r', summary: 'Go back to the levels that it started with' }),
  };

  override async run(): Promise<void> {
    const parsed = await this.parse(ZtunnelConfigLog);
    const { level = null, reset } = parsed.flags;
    const { target, namespace, node, istioNamespace } = ztunnelInput(parsed.args.pod, {
      ...parsed.flags,
      file: undefined,
      snapshot: undefined,
    });
    const { showZtunnelLog } = await import('../../src/ztunnel-config.ts');
    const input = { target, namespace, node, istioNamespace, level, reset, live: this.live(parsed.flags) };
    this.answer(await showZtunnelLog(input), ExitStatus.ok);
  }
}
