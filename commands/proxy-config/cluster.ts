import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  formatFlag,
  fqdnFlag,
  given,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
  stateFlag,
  traitFlags,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigCluster extends ProxyCommand {
  static override summary = 'Show the clusters of a proxy';
  static override description =
    'One row for each active cluster: the Service behind it, how its endpoints are found, and the DestinationRule that shapes it.';
  static override aliases = ['proxy-config:clusters', 'proxy-config:c', 'pc:cluster', 'pc:clusters', 'pc:c'];
  static override examples = [
    {
      description: 'Clusters of one Service',
      command:
        '<%= config.bin %> proxy-config cluster productpage-v1.bookinfo --fqdn reviews --snapshot samples/istio-bookinfo',
    },
    {
      description: 'From a file, as JSON',
      command: '<%= config.bin %> proxy-config cluster -f config_dump.json --port 9080 -o json',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    fqdn: fqdnFlag,
    ...traitFlags,
    status: stateFlag,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigCluster);
    const { askProxies, readSelection, showClusters } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const filter = { fqdn: given(flags.fqdn), selection: await readSelection(flags) };
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump', 'clusters'], (proxies) => showClusters(proxies, filter, how)),
    );
  }
}
