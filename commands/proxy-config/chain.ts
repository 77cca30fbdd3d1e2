import * as Flags from '@oclif/core/flags';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { listenerTraits, manyProxiesFlags, ownFormatFlag, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigChain extends ProxyCommand {
  static override summary = 'Show every way through a proxy, from its listeners to endpoints';
  static override description =
    'One row for each way: listener, filter chain, virtual host, route, cluster and its endpoints (those that may be sent requests, ' +
    'and all), with the Service, VirtualService and DestinationRule behind them. Filters take an equal text, * for any text, or a ' +
    'regular expression as /RE/.';
  static override aliases = ['proxy-config:ch', 'pc:chain', 'pc:ch'];
  static override examples = [
    {
      description: 'How requests to reviews leave a pod',
      command:
        '<%= config.bin %> proxy-config chain productpage-v1.bookinfo --port 9080 --host reviews --snapshot samples/istio-bookinfo',
    },
    {
      description: 'What leads to a Service, from files',
      command: '<%= config.bin %> proxy-config chain -f config_dump.json -f clusters.json --service reviews.bookinfo',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    listener: Flags.string({ summary: 'Only through the listener of this name', helpValue: 'NAME' }),
    host: Flags.string({
      summary: 'Only through the virtual hosts that take a request with this host (or :authority) header',
      helpValue: 'HOST',
    }),
    path: Flags.string({ summary: 'Only by routes that may take this path', helpValue: 'PATH' }),
    cluster: Flags.string({ summary: 'Only to this cluster', helpValue: 'CLUSTER' }),
    ...listenerTraits,
    output: ownFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigChain);
    const { askProxies, readChainFilter, showChains } = await import('../../src/proxy-views.ts');
    const filter = await readChainFilter(flags);
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump', 'clusters'], (proxies) =>
        showChains(proxies, filter, { format: flags.output, odd: flags.odd }),
      ),
    );
  }
}
