import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag, spelledOut } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigAll extends ProxyCommand {
  static override summary = 'Show everything that a ztunnel knows';
  static override description =
    'Workloads, Services, policies, certificates and connections one after the other; as JSON, the document itself.';
  static override aliases = ['zc:all'];
  static override examples = [
    {
      description: 'Of a ztunnel of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config all',
    },
    { description: 'From a file', command: '<%= config.bin %> ztunnel-config all -f config_dump.json --with-headers' },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config all --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...ztunnelFlags,
    'with-headers': Flags.boolean({ summary: 'Print a heading above each part', allowNo: true }),
    output: istioctlFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigAll, spelledOut(this.argv));
    const { openZtunnel, showZtunnel } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump } = await openZtunnel(input);
    this.answer(showZtunnel(dump, flags['with-headers'], new Date(), flags.output), ExitStatus.ok);
  }
}
