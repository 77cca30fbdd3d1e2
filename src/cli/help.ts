import type { Config } from '@oclif/core/config';
import { Help } from '@oclif/core/help';
import manifest from '../../package.json' with { type: 'json' };

const EXAMPLES = [
  [
    'How does a request get from a pod to a Service, and what would stop it?',
    'productpage-v1 reviews:9080 -n bookinfo',
  ],
  ['The same, from a snapshot and without a cluster', 'explain deploy/web http://api/v1 --snapshot ./snapshot.tar.gz'],
  ['What does a command do?', 'help explain'],
] as const;

/** Help whose first page shows how the tool is used before it lists the commands. */
class ReachHelp extends Help {
  override formatRoot(): string {
    const { bin, version } = this.config;
    const examples = EXAMPLES.map(([what, how]) => `${what}\n  $ ${bin} ${how}`).join('\n\n');
    return [
      `${this.wrap(manifest.description)}\n`,
      this.section('USAGE', `$ ${bin} FROM TO [flags]\n$ ${bin} COMMAND [flags]`),
      '',
      this.section('EXAMPLES', examples),
      '',
      this.section('VERSION', version),
    ].join('\n');
  }
}

/**
 * Prints help to standard output.
 * @param name words of a command or topic; null: the first page
 */
export async function showHelp(config: Config, name: string | null): Promise<void> {
  const help = new ReachHelp(config, { hideAliasesFromRoot: true });
  await help.showHelp(name === null ? [] : name.split(' '));
}
