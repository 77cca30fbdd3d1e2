import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  formatFlag,
  given,
  routeTraits,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
  routeNameFlag,
  spelledOut,
  stateFlag,
  verboseRowsFlag,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigRoute extends ProxyCommand {
  static override summary = 'Show the routes of a proxy';
  static override description =
    'One row for each route of each virtual host: its domains, the path that it matches, and the VirtualService behind it.';
  static override aliases = ['proxy-config:routes', 'proxy-config:r', 'pc:route', 'pc:routes', 'pc:r'];
  static override examples = [
    {
      description: 'One route configuration',
      command:
        '<%= config.bin %> proxy-config route productpage-v1.bookinfo --name 9080 --snapshot samples/istio-bookinfo',
    },
    {
      description: 'From a file, as YAML',
      command: '<%= config.bin %> proxy-config route -f config_dump.json -o yaml',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    name: routeNameFlag,
    ...routeTraits,
    status: stateFlag,
    verbose: verboseRowsFlag,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigRoute, spelledOut(this.argv));
    const { askProxies, readSelection, showRoutes } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const filter = { name: given(flags.name), selection: await readSelection(flags) };
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump'], (proxies) => showRoutes(proxies, filter, flags.verbose, how)),
    );
  }
}
