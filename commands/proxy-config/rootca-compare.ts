import * as Args from '@oclif/core/args';
import { ExitStatus } from '../../src/cli/exit-status.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { liveFlags, ownShortFormatFlag, proxyFlags } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigRootcaCompare extends ProxyCommand {
  static override summary = 'Show whether two proxies trust an authority in common';
  static override description =
    'Compares all certificates of the secret ROOTCA of both. Exit status: 0 they have one in common, 3 they have none.';
  static override aliases = ['proxy-config:rc', 'pc:rootca-compare', 'pc:rc'];
  static override examples = [
    {
      description: 'Two pods of the cluster of the current context',
      command: '<%= config.bin %> proxy-config rootca-compare web-1.shop web-2.shop',
    },
    {
      description: 'Two pods of a snapshot',
      command: '<%= config.bin %> proxy-config rootca-compare web-1.shop web-2.shop --snapshot ./snapshot',
    },
    { description: 'Two files', command: '<%= config.bin %> proxy-config rootca-compare -f one.json -f other.json' },
  ];
  static override args = {
    one: Args.string({ description: 'Pod with a proxy: [TYPE/]NAME[.NAMESPACE]', ignoreStdin: true }),
    other: Args.string({ description: 'Pod with the other proxy', ignoreStdin: true }),
  };
  static override flags = {
    ...liveFlags,
    snapshot: proxyFlags.snapshot,
    namespace: proxyFlags.namespace,
    file: proxyFlags.file,
    output: ownShortFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigRootcaCompare);
    const { compareRoots } = await import('../../src/proxy-views.ts');
    const sides = [args.one, args.other].filter((side) => side !== undefined);
    const { snapshot: snapshots = [], file: files = [] } = flags;
    const { text, same } = await compareRoots(
      { sides, namespace: flags.namespace ?? null, snapshots, files, live: this.live(flags) },
      flags.output,
    );
    this.answer(text, same ? ExitStatus.ok : ExitStatus.unreachable);
  }
}
