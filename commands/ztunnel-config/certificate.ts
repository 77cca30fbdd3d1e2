import { BaseCommand } from '../../src/cli/base-command.ts';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { istioctlFormatFlag } from '../../src/cli/proxy-flags.ts';
import { ztunnelFlags, ztunnelInput } from '../../src/cli/ztunnel-flags.ts';

export default class ZtunnelConfigCertificate extends BaseCommand {
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
    { description: 'From a file', command: '<%= config.bin %> ztunnel-config certificate -f config_dump.json' },
    {
      description: 'Of a node of a snapshot, as JSON',
      command: '<%= config.bin %> ztunnel-config certificate --snapshot ./snapshot --node node1 -o json',
    },
  ];
  static override flags = { ...ztunnelFlags, output: istioctlFormatFlag };

  override async run(): Promise<void> {
    const { flags } = await this.parse(ZtunnelConfigCertificate);
    const { openZtunnel, showCertificates } = await import('../../src/ztunnel-config.ts');
    const dump = await openZtunnel(ztunnelInput(flags));
    this.answer(showCertificates(dump, new Date(), flags.output), ExitStatus.ok);
  }
}
