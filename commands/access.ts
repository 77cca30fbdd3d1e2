import { BaseCommand } from '../src/cli/base-command.ts';
import { collectionFlags, collectionOf } from '../src/cli/collection-flags.ts';
import { connectionFlags, connectionOf, namespaceFlag } from '../src/cli/connection-flags.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag } from '../src/cli/flags.ts';

export default class Access extends BaseCommand {
  static override summary = 'Show what the current identity can collect of a cluster, and a role that allows the rest';
  static override description =
    'Asks the API server, kind by kind, whether the identity of the kubeconfig may read what explain and snapshot need, in the way that --node-access chooses. What is not allowed ' +
    'everywhere is asked for again in the namespace of -n or of the context; the role is for every namespace, or with -n for that one. It sends SelfSubjectAccessReviews, which the API ' +
    'server answers and does not keep. Exit status: 0 when all is allowed, 3 when something is not.';
  static override examples = [
    { description: 'What may I see?', command: '<%= config.bin %> access' },
    { description: 'In one namespace', command: '<%= config.bin %> access -n shop' },
    {
      description: 'To read nodes through pods that are made for it',
      command: '<%= config.bin %> access --node-access debug-pod',
    },
    {
      description: 'The role that allows it, for somebody else, applied by an administrator',
      command: '<%= config.bin %> access -n shop --as jane -o yaml | kubectl apply -f -',
    },
  ];
  static override flags = {
    namespace: namespaceFlag,
    ...connectionFlags,
    ...collectionFlags,
    output: outputFlag(['json', 'yaml']),
  };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Access);
    const { isComplete, renderAccessReport, reviewLiveAccess } = await import('../src/access.ts');
    this.progress.phase('asking what is allowed');
    const collection = collectionOf(flags, (sentence) => this.tell(sentence));
    const report = await reviewLiveAccess(connectionOf(flags), this.surroundings(), collection);
    const text = await renderAccessReport(report, flags.output ?? 'text', this.terminal().columns);
    this.answer(text, isComplete(report) ? ExitStatus.ok : ExitStatus.unreachable);
  }
}
