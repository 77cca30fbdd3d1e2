import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  endpointFlags,
  formatFlag,
  given,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigEndpoint extends ProxyCommand {
  static override summary = 'Show the endpoints of a proxy with their health';
  static override description =
    'One row for each host in the answer of /clusters?format=json: its address, its health as EDS told it, and whether outlier detection ejected it.';
  static override aliases = ['proxy-config:endpoints', 'proxy-config:ep', 'pc:endpoint', 'pc:endpoints', 'pc:ep'];
  static override examples = [
    {
      description: 'Endpoints that are not healthy',
      command:
        '<%= config.bin %> proxy-config endpoint productpage-v1.bookinfo --status unhealthy --snapshot samples/istio-bookinfo',
    },
    {
      description: 'Of one cluster, from a file',
      command:
        '<%= config.bin %> proxy-config endpoint -f clusters.json --cluster "outbound|9080||reviews.bookinfo.svc.cluster.local"',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    ...endpointFlags,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigEndpoint);
    const { askProxies, readSelection, showEndpoints } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const filter = { cluster: given(flags.cluster), selection: await readSelection(flags) };
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump', 'clusters'], (proxies) => showEndpoints(proxies, filter, how)),
    );
  }
}
