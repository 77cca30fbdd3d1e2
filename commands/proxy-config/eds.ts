import { BaseCommand } from '../../src/cli/base-command.ts';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { endpointFlags, formatFlag, given, proxyArgs, proxyFlags, proxyInput } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigEds extends BaseCommand {
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
    const text = showAssignments(
      proxy,
      {
        address: given(flags.address),
        port: given(flags.port),
        cluster: given(flags.cluster),
        status: given(flags.status),
      },
      flags.output,
    );
    proxy.check();
    if (proxy.note !== null) process.stderr.write(`${proxy.note}\n`);
    this.answer(text, ExitStatus.ok);
  }
}
