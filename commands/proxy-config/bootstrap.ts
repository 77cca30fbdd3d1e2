import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { formatFlag, manyProxiesFlags, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigBootstrap extends ProxyCommand {
  static override summary = 'Show the bootstrap of a proxy';
  static override description = 'What the proxy was started with; in short, the versions of Istio and Envoy.';
  static override aliases = ['proxy-config:b', 'pc:bootstrap', 'pc:b'];
  static override examples = [
    {
      description: 'The bootstrap as JSON',
      command: '<%= config.bin %> proxy-config bootstrap productpage-v1.bookinfo --snapshot samples/istio-bookinfo',
    },
    { description: 'Versions alone', command: '<%= config.bin %> proxy-config bootstrap -f config_dump.json -o short' },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    output: formatFlag('json'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigBootstrap);
    const { askProxies, showBootstrap } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const asked = this.asked(args.proxy, flags);
    await this.show(await askProxies(asked, ['config-dump'], (proxies) => showBootstrap(proxies, how)));
  }
}
