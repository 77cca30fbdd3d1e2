import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { manyProxiesFlags, ownShortFormatFlag, proxyArgs, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class AuthzCheck extends ProxyCommand {
  static override summary = 'Show the AuthorizationPolicies that a proxy enforces';
  static override description =
    'One row for each action and policy, from the RBAC filters of the listeners. What they do with a request is told by explain and ' +
    'envoy-request.';
  static override aliases = ['x:authz:check', 'experimental:authz:check'];
  static override examples = [
    {
      description: 'Of a pod',
      command: '<%= config.bin %> authz check reviews-v1.bookinfo --snapshot samples/istio-bookinfo',
    },
    { description: 'From a file', command: '<%= config.bin %> authz check -f config_dump.json' },
  ];
  static override args = proxyArgs;
  static override flags = { ...proxyFlags, ...manyProxiesFlags, output: ownShortFormatFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AuthzCheck);
    const { askProxies, showAuthorization } = await import('../../src/proxy-views.ts');
    const asked = this.asked(args.proxy, flags);
    await this.show(
      await askProxies(asked, ['config-dump'], (proxies) =>
        showAuthorization(proxies, { format: flags.output, odd: flags.odd }),
      ),
    );
  }
}
