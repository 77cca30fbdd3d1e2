import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import * as Flags from '@oclif/core/flags';
import {
  clusterFlags,
  formatFlag,
  given,
  listenerFlags,
  portFlag,
  proxyArgs,
  proxyFlags,
  proxyInput,
  routeNameFlag,
  spelledOut,
  verboseRowsFlag,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigAll extends ProxyCommand {
  static override summary = 'Show the whole configuration of a proxy';
  static override description =
    'Bootstrap, clusters, listeners, routes, secrets and endpoints one after the other; as JSON or YAML, the config_dump itself.';
  static override aliases = ['proxy-config:a', 'pc:all', 'pc:a'];
  static override examples = [
    {
      description: 'Everything, with headings',
      command:
        '<%= config.bin %> proxy-config all productpage-v1-abc.bookinfo --with-headers --snapshot samples/istio-bookinfo',
    },
    {
      description: 'What concerns a port, as YAML',
      command: '<%= config.bin %> proxy-config all -f config_dump.json --port 9080 -o yaml',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...clusterFlags,
    ...listenerFlags,
    port: portFlag,
    name: routeNameFlag,
    verbose: verboseRowsFlag,
    'with-headers': Flags.boolean({ summary: 'Print a heading above each part', allowNo: true }),
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigAll, spelledOut(this.argv));
    const { openProxy, showAll } = await import('../../src/proxy-config.ts');
    const proxy = await openProxy(proxyInput(args.proxy, flags));
    const [port, address] = [given(flags.port), given(flags.address)];
    const { text, notes } = showAll(
      proxy,
      {
        cluster: { fqdn: given(flags.fqdn), direction: given(flags.direction), subset: given(flags.subset), port },
        listener: { address, port, type: given(flags.type) },
        route: given(flags.name),
        endpoint: { address, port, cluster: null, status: null },
      },
      { verbose: flags.verbose, withHeaders: flags['with-headers'] },
      new Date(),
      flags.output,
    );
    this.show(proxy, text, notes);
  }
}
