import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { CliError } from '../src/cli/cli-error.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { ProxyCommand } from '../src/cli/proxy-command.ts';
import { istiodFlags, istiodSelection, liveFlags, proxyFlags } from '../src/cli/proxy-flags.ts';

export default class InternalDebug extends ProxyCommand {
  static override summary = 'Show what a debug endpoint of istiod answers';
  static override description =
    'Asks the istiods of a cluster one after the other, over their discovery service with a token for it alone, and shows the answer of ' +
    'the first that knows; with --all, the answers of all of them, each under its name. One that does not answer within --timeout is named beside it.';
  static override aliases = ['x:internal-debug', 'experimental:internal-debug'];
  static override examples = [
    { description: 'How far each proxy is', command: '<%= config.bin %> internal-debug syncz' },
    {
      description: 'Endpoints that istiod has for a proxy',
      command: '<%= config.bin %> internal-debug "edsz?proxyID=reviews-v1-abc.bookinfo"',
    },
    { description: 'Of every istiod', command: '<%= config.bin %> internal-debug syncz --all' },
    { description: 'Which endpoints there are', command: '<%= config.bin %> internal-debug --list' },
  ];
  static override args = {
    endpoint: Args.string({ description: 'Debug endpoint, with its query', ignoreStdin: true }),
  };
  static override flags = {
    namespace: proxyFlags.namespace,
    ...liveFlags,
    ...istiodFlags,
    all: Flags.boolean({ summary: 'Ask every istiod' }),
    list: Flags.boolean({ char: 'L', summary: 'List the endpoints' }),
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(InternalDebug);
    if (args.endpoint === undefined && !flags.list) {
      throw new CliError('debug type is required', { remedy: 'Name one, or see them with --list.' });
    }
    const { showDebug } = await import('../src/internal-debug.ts');
    const endpoint = flags.list ? null : (args.endpoint ?? null);
    const question = { endpoint, all: flags.all, istiods: istiodSelection(flags), live: this.live(flags) };
    const { text, notes } = await showDebug(question);
    for (const note of notes) this.tell(note);
    this.answer(text, ExitStatus.ok);
  }
}
