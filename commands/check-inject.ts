import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { snapshotFlags } from '../src/cli/flags.ts';
import { ProxyCommand } from '../src/cli/proxy-command.ts';
import { liveFlags, ownShortFormatFlag } from '../src/cli/proxy-flags.ts';

export default class CheckInject extends ProxyCommand {
  static override summary = "Show whether Istio's webhooks inject a proxy into a pod, and why";
  static override description =
    'Holds the labels of a pod and its namespace against the selectors of the webhooks. Exit status: 0 exactly one webhook injects, ' +
    '3 none or several do.';
  static override aliases = ['x:check-inject', 'experimental:check-inject'];
  static override examples = [
    {
      description: 'A pod of the cluster of the current context',
      command: '<%= config.bin %> check-inject ratings-v1-abc.bookinfo',
    },
    {
      description: 'Labels of a pod that is not there yet',
      command:
        '<%= config.bin %> check-inject -n bookinfo -l app=web,sidecar.istio.io/inject=false --snapshot ./snapshot',
    },
  ];
  static override args = {
    target: Args.string({ description: 'Pod or its owner: [TYPE/]NAME[.NAMESPACE]', ignoreStdin: true }),
  };
  static override flags = {
    ...snapshotFlags,
    ...liveFlags,
    labels: Flags.string({ char: 'l', summary: 'Labels of a pod, with commas', helpValue: 'LABELS' }),
    output: ownShortFormatFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(CheckInject);
    const { showInjection } = await import('../src/check-inject.ts');
    const { namespace = null, labels = null, snapshot: snapshots = [] } = flags;
    const { text, injected } = await showInjection(
      { snapshots, target: args.target ?? null, namespace, labels, live: this.live(flags) },
      flags.output,
    );
    this.answer(text, injected ? ExitStatus.ok : ExitStatus.unreachable);
  }
}
