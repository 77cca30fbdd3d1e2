import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import * as Flags from '@oclif/core/flags';
import {
  formatFlag,
  fqdnFlag,
  given,
  listenerTraits,
  listenerTypeFlag,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
  routeNameFlag,
  spelledOut,
  verboseRowsFlag,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigAll extends ProxyCommand {
  static override summary = 'Show the whole configuration of a proxy, or of several';
  static override description =
    'Bootstrap, clusters, listeners, routes, secrets and endpoints one after the other; as JSON or YAML, the config_dump itself, and ' +
    'as reach-json all of them as objects of our own schema.';
  static override aliases = ['proxy-config:a', 'pc:all', 'pc:a'];
  static override examples = [
    {
      description: 'Everything, with headings',
      command:
        '<%= config.bin %> proxy-config all productpage-v1.bookinfo --with-headers --snapshot samples/istio-bookinfo',
    },
    {
      description: 'What the tables leave out, too: states, rejected updates, TLS, limits',
      command: '<%= config.bin %> proxy-config all -f config_dump.json -f clusters.json -o wide --with-headers',
    },
    {
      description: 'What concerns a port, as YAML',
      command: '<%= config.bin %> proxy-config all -f config_dump.json --port 9080 -o yaml',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    fqdn: fqdnFlag,
    ...listenerTraits,
    type: listenerTypeFlag,
    name: routeNameFlag,
    verbose: verboseRowsFlag,
    'with-headers': Flags.boolean({
      summary: 'Print a heading above each part, as --odd does by itself',
      allowNo: true,
    }),
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigAll, spelledOut(this.argv));
    const { askProxies, isIstioctls, readSelection, showAll } = await import('../../src/proxy-views.ts');
    const { address, port, service, subset, direction } = await readSelection(flags);
    const filter = {
      cluster: { fqdn: given(flags.fqdn), selection: { direction, subset, port, service } },
      listener: { type: given(flags.type), selection: { address, port, service } },
      route: { name: given(flags.name), selection: { service } },
      endpoint: { cluster: null, selection: { address, port, service } },
    };
    // Not given: oclif's type leaves it out.
    const withHeaders = (flags['with-headers'] as boolean | undefined) ?? flags.odd;
    const layout = { verbose: flags.verbose, withHeaders };
    const asked = this.asked(args.proxy, flags);
    // istioctl shows what is in the config_dump.
    const more = isIstioctls({ format: flags.output }) ? [] : (['clusters'] as const);
    await this.show(
      await askProxies(asked, ['config-dump', ...more], (proxies) =>
        showAll(proxies, filter, layout, new Date(), { format: flags.output, odd: flags.odd }),
      ),
    );
  }
}
