import * as Args from '@oclif/core/args';
import { DIFF_STATUS } from '../../src/cli/exit-status.ts';
import { snapshotFlags } from '../../src/cli/flags.ts';
import { ProxyCommand } from '../../src/cli/proxy-command.ts';
import { liveFlags, ownFormatFlag } from '../../src/cli/proxy-flags.ts';

export default class ProxyConfigDiff extends ProxyCommand {
  static override summary = 'Show in what two proxies, files or snapshots differ';
  static override description =
    'Compares listeners, routes, clusters, endpoints and secrets by what they mean: the order of what has none, versions and times ' +
    'never count. -o wide shows every change of a resource. Exit status: 0 they are the same, 3 they differ, 4 what could be compared is the same, but one of them was captured in part.';
  static override aliases = ['proxy-config:d', 'pc:diff', 'pc:d'];
  static override examples = [
    {
      description: 'Two replicas, in the cluster of the current context',
      command: '<%= config.bin %> proxy-config diff reviews-v1-abc.bookinfo reviews-v2-abc.bookinfo',
    },
    {
      description: 'Two replicas of a snapshot',
      command:
        '<%= config.bin %> proxy-config diff reviews-v1.bookinfo reviews-v2.bookinfo --snapshot samples/istio-bookinfo',
    },
    { description: 'Two files', command: '<%= config.bin %> proxy-config diff before.json after.json' },
    {
      description: 'Every proxy, before and after a change',
      command: '<%= config.bin %> proxy-config diff --snapshot before.tar.gz --snapshot after.tar.gz',
    },
  ];
  static override args = {
    one: Args.string({ description: 'Pod with a proxy, [TYPE/]NAME[.NAMESPACE], or a file', ignoreStdin: true }),
    other: Args.string({ description: 'What it is compared with', ignoreStdin: true }),
  };
  static override flags = { ...snapshotFlags, ...liveFlags, output: ownFormatFlag };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ProxyConfigDiff);
    const { showDiff } = await import('../../src/proxy-views.ts');
    const sides = [args.one, args.other].filter((side) => side !== undefined);
    const input = {
      sides,
      namespace: flags.namespace ?? null,
      snapshots: flags.snapshot ?? [],
      live: this.live(flags),
    };
    const { text, verdict } = await showDiff(input, flags.output);
    this.answer(text, DIFF_STATUS[verdict]);
  }
}
