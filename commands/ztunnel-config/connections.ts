import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigConnections extends ProxyCommand {
  static override summary = 'Show the connections that a ztunnel carries';
  static override description = 'One row for each connection of each workload on its node.';
  static override aliases = ['ztunnel-config:cons', 'zc:cons', 'zc:connections'];
  static override examples = [
    {
      description: 'Of the ztunnel on a node of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config connections --node node1',
    },
    {
      description: 'From a file',
      command: '<%= config.bin %> ztunnel-config connections -f config_dump.json --direction inbound',
    },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config connections --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...ztunnelFlags,
    direction: Flags.option({
      summary: 'Only of this direction',
      helpValue: 'inbound|outbound',
      options: ['inbound', 'outbound'] as const,
    })(),
    raw: Flags.boolean({ summary: 'Show addresses, not names' }),
    'workload-namespace': Flags.string({ summary: 'Only in this namespace', helpValue: 'NAMESPACE' }),
    output: istioctlFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigConnections);
    const { openZtunnel, showConnections } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump, workload } = await openZtunnel(input, 'named');
    this.answer(
      showConnections(
        dump,
        {
          address: null,
          node: null,
          namespace: flags['workload-namespace'] || (workload?.namespace ?? null),
          workload: workload?.name ?? null,
          direction: flags.direction ?? null,
        },
        flags.raw,
        flags.output,
      ),
      ExitStatus.ok,
    );
  }
}
