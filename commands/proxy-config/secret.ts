import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { formatFlag, manyProxiesFlags, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigSecret extends ProxyCommand {
  static override summary = 'Show the certificates of a proxy';
  static override description =
    'One row for each secret that the proxy received: whether it is in use, its serial number and validity.';
  static override aliases = ['proxy-config:secrets', 'proxy-config:s', 'pc:secret', 'pc:secrets', 'pc:s'];
  static override examples = [
    {
      description: 'Secrets of a proxy',
      command: '<%= config.bin %> proxy-config secret productpage-v1.bookinfo --snapshot samples/istio-bookinfo',
    },
    { description: 'From standard input', command: '<%= config.bin %> proxy-config secret -f -' },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigSecret);
    const { askProxies, showSecrets } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const asked = this.asked(args.proxy, flags);
    await this.show(await askProxies(asked, ['config-dump'], (proxies) => showSecrets(proxies, new Date(), how)));
  }
}
