import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  endpointFlags,
  endpointQuery,
  formatFlag,
  proxyArgs,
  proxyFlags,
  proxyInput,
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
        '<%= config.bin %> proxy-config eds productpage-v1-abc.bookinfo --port 9080 --snapshot samples/istio-bookinfo',
    },
    { description: 'From a file, as JSON', command: '<%= config.bin %> proxy-config eds -f config_dump.json -o json' },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...endpointFlags,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigEds);
    const { openProxy, showAssignments } = await import('../../src/proxy-config.ts');
    const proxy = await openProxy(proxyInput(args.proxy, flags));
    const text = showAssignments(proxy, endpointQuery(flags), flags.output);
    this.show(proxy, text);
  }
}
