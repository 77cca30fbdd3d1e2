import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigWorkload extends ProxyCommand {
  static override summary = 'Show the workloads that a ztunnel knows';
  static override description = 'One row for each: its addresses, node, waypoint, and whether it takes HBONE.';
  static override aliases = ['ztunnel-config:w', 'ztunnel-config:workloads', 'zc:w', 'zc:workloads', 'zc:workload'];
  static override examples = [
    {
      description: 'Of a ztunnel of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config workload',
    },
    {
      description: 'From a file',
      command: '<%= config.bin %> ztunnel-config workload -f config_dump.json --workload-namespace bookinfo',
    },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config workload --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...ztunnelFlags,
    address: Flags.string({ summary: 'Only with this address', helpValue: 'ADDRESS' }),
    'workload-namespace': Flags.string({ summary: 'Only in this namespace', helpValue: 'NAMESPACE' }),
    'workload-node': Flags.string({ summary: 'Only on this node', helpValue: 'NODE' }),
    output: istioctlFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigWorkload);
    const { openZtunnel, showWorkloads } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump, workload } = await openZtunnel(input);
    this.answer(
      showWorkloads(
        dump,
        {
          address: flags.address || null,
          node: flags['workload-node'] || null,
          namespace: flags['workload-namespace'] || (workload?.namespace ?? null),
          workload: workload?.name ?? null,
          direction: null,
        },
        flags.output,
      ),
      ExitStatus.ok,
    );
  }
}
