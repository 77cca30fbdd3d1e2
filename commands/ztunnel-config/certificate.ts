import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelArgs, ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigCertificate extends ProxyCommand {
  static override summary = 'Show the certificates of a ztunnel';
  static override description =
    'One row for each certificate of each identity: its place in the chain, state and validity.';
  static override aliases = [
    'ztunnel-config:certificates',
    'ztunnel-config:certs',
    'ztunnel-config:cert',
    'zc:certificates',
    'zc:certs',
    'zc:cert',
    'zc:certificate',
  ];
  static override examples = [
    {
      description: 'Of the ztunnel on a node of the cluster of the current context',
      command: '<%= config.bin %> ztunnel-config certificate --node node1',
    },
    { description: 'From a file', command: '<%= config.bin %> ztunnel-config certificate -f config_dump.json' },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config certificate --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override args = ztunnelArgs;
  static override flags = { ...ztunnelFlags, output: istioctlFormatFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ZtunnelConfigCertificate);
    const { openZtunnel, showCertificates } = await import('../../src/ztunnel-config.ts');
    const input = { ...ztunnelInput(args.pod, flags), live: this.live(flags) };
    const { dump } = await openZtunnel(input, 'named');
    this.answer(showCertificates(dump, new Date(), flags.output), ExitStatus.ok);
  }
}
