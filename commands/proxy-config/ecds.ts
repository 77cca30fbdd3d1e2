import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { formatFlag, manyProxiesFlags, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigEcds extends ProxyCommand {
  static override summary = 'Show the extensions that were delivered to a proxy';
  static override description =
    'One row for each filter configuration that the proxy received by extension discovery: its name and type.';
  static override aliases = ['proxy-config:ec', 'pc:ecds', 'pc:ec'];
  static override examples = [
    {
      description: 'Extensions of a proxy',
      command: '<%= config.bin %> proxy-config ecds productpage-v1.bookinfo --snapshot ./snapshot',
    },
    { description: 'From a file, as JSON', command: '<%= config.bin %> proxy-config ecds -f config_dump.json -o json' },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigEcds);
    const { askProxies, showExtensions } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const asked = this.asked(args.proxy, flags);
    await this.show(await askProxies(asked, ['config-dump'], (proxies) => showExtensions(proxies, how)));
  }
}
