import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigPolicy extends ProxyCommand {
  static override summary = 'Show the policies that a ztunnel knows';
  static override description = 'One row for each: what it does, and whom it is for.';
  static override aliases = [
    'ztunnel-config:policies',
    'ztunnel-config:p',
    'ztunnel-config:pol',
    'zc:policies',
    'zc:p',
    'zc:pol',
    'zc:policy',
  ];
  static override examples = [
    {
      description: 'Of a ztunnel of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config policy',
    },
    { description: 'From a file', command: '<%= config.bin %> ztunnel-config policy -f config_dump.json' },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config policy --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = {
    ...ztunnelFlags,
    'policy-namespace': Flags.string({ summary: 'Only in this namespace', helpValue: 'NAMESPACE' }),
    output: istioctlFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigPolicy);
    const { openZtunnel, showPolicies } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump } = await openZtunnel(input);
    this.answer(
      showPolicies(
        dump,
        { address: null, node: null, namespace: flags['policy-namespace'] || null, workload: null, direction: null },
        flags.output,
      ),
      ExitStatus.ok,
    );
  }
}
