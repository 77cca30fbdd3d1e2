import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigService extends ProxyCommand {
  static override summary = 'Show the Services that a ztunnel knows';
  static override description = 'One row for each: its addresses, waypoint, and how many of its endpoints are healthy.';
  static override aliases = [
    'ztunnel-config:services',
    'ztunnel-config:s',
    'ztunnel-config:svc',
    'zc:services',
    'zc:s',
    'zc:svc',
    'zc:service',
  ];
  static override examples = [
    {
      description: 'Of a ztunnel of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config service',
    },
    { description: 'From a file', command: '<%= config.bin %> ztunnel-config service -f config_dump.json' },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config service --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...ztunnelFlags,
    'service-namespace': Flags.string({ summary: 'Only in this namespace', helpValue: 'NAMESPACE' }),
    output: istioctlFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigService);
    const { openZtunnel, showServices } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump } = await openZtunnel(input);
    this.answer(
      showServices(
        dump,
        { address: null, node: null, namespace: flags['service-namespace'] || null, workload: null, direction: null },
        flags.output,
      ),
      ExitStatus.ok,
    );
  }
}
