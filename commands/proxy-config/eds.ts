import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  endpointFlags,
  formatFlag,
  given,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigEds extends ProxyCommand {
  static override summary = 'Show the endpoints that EDS delivered to a proxy';
  static override description =
    'One row for each endpoint in a config_dump that was taken with include_eds: its address, health, locality and cluster.';
  static override aliases = ['pc:eds'];
  static override examples = [
    {
      description: 'Endpoints of a port',
      command:
        '<%= config.bin %> proxy-config eds productpage-v1.bookinfo --port 9080 --snapshot samples/istio-bookinfo',
    },
    { description: 'From a file, as JSON', command: '<%= config.bin %> proxy-config eds -f config_dump.json -o json' },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    ...endpointFlags,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigEds);
    const { askProxies, readSelection, showAssignments } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const filter = { cluster: given(flags.cluster), selection: await readSelection(flags) };
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump', 'clusters'], (proxies) => showAssignments(proxies, filter, how)),
    );
  }
}
