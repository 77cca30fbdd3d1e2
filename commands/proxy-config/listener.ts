import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import {
  formatFlag,
  given,
  listenerTraits,
  listenerTypeFlag,
  manyProxiesFlags,
  proxyArgs,
  proxyFlags,
  spelledOut,
  stateFlag,
  verboseRowsFlag,
} from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigListener extends ProxyCommand {
  static override summary = 'Show the listeners of a proxy';
  static override description =
    'One row for each filter chain of an active listener: what a connection must be like to enter it, and where it leads.';
  static override aliases = ['proxy-config:listeners', 'proxy-config:l', 'pc:listener', 'pc:listeners', 'pc:l'];
  static override examples = [
    {
      description: 'Listeners of a port',
      command:
        '<%= config.bin %> proxy-config listener productpage-v1.bookinfo --port 15006 --snapshot samples/istio-bookinfo',
    },
    {
      description: 'One row for each listener',
      command: '<%= config.bin %> proxy-config listener -f config_dump.json --verbose=false',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    ...manyProxiesFlags,
    ...listenerTraits,
    status: stateFlag,
    type: listenerTypeFlag,
    verbose: verboseRowsFlag,
    output: formatFlag('short'),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigListener, spelledOut(this.argv));
    const { askProxies, readSelection, showListeners } = await import('../../src/proxy-config.ts');
    const how = { format: flags.output, odd: flags.odd };
    const filter = { type: given(flags.type), selection: await readSelection(flags) };
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump'], (proxies) => showListeners(proxies, filter, flags.verbose, how)),
    );
  }
}
