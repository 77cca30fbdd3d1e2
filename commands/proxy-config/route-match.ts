import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { ownShortFormatFlag, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';
import { offeredMethods, requestFlags } from '../../src/cli/request-flags.ts';

export default class ProxyConfigRouteMatch extends ProxyCommand {
  static override summary = 'Show which route answers a request, and why the ones before it do not';
  static override description =
    'Holds a request against the routes of the virtual host that takes it, of every route configuration that a listener leads to ' +
    '(or of one), as envoy-request and explain do. Filters of the listener are not asked; envoy-request asks them. Exit status: 0 a ' +
    'route answers, 3 none does, 4 not to be told.';
  static override aliases = ['proxy-config:route:match', 'pc:route-match', 'pc:route:match'];
  static override examples = [
    {
      description: 'A request of a pod to a Service',
      command:
        '<%= config.bin %> proxy-config route-match productpage-v1.bookinfo --port 9080 --host reviews:9080 --path /reviews/1 -H "end-user: jason" --snapshot samples/istio-bookinfo',
    },
    {
      description: 'From a file, in one route configuration',
      command:
        '<%= config.bin %> proxy-config route-match -f config_dump.json --name http.8080 --host shop.example.com',
    },
  ];
  static override args = proxyArgs;
  static override flags = {
    ...proxyFlags,
    port: Flags.integer({ summary: 'Port of the listener', helpValue: 'PORT', min: 0, max: 65_535 }),
    name: Flags.string({ summary: 'Name of the route configuration', helpValue: 'NAME' }),
    host: Flags.string({ summary: 'Host (or :authority) header', helpValue: 'HOST', required: true }),
    ...requestFlags,
    sni: Flags.string({
      summary: 'Server name of the TLS hello; without it, the request is plaintext',
      helpValue: 'NAME',
    }),
    output: ownShortFormatFlag,
  };

  static override offers = { method: offeredMethods };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigRouteMatch);
    const { askProxies, readHeaders, showRouteMatch } = await import('../../src/proxy-views.ts');
    const { host, path, method, sni, header = [] } = flags;
    const description = { host, path, method, sni, headers: readHeaders(header) };
    const question = { description, port: flags.port ?? null, name: flags.name ?? null };
    const asked = this.asked(args.proxy, flags);
    const shown = await askProxies(asked, ['config-dump'], (proxies) =>
      showRouteMatch(proxies, question, flags.output),
    );
    await this.show(shown, ExitStatus[shown.answer.status]);
  }
}
