import * as Args from '@oclif/core/args';
import { BaseCommand } from '../src/cli/base-command.ts';
import { showHelp } from '../src/cli/help.ts';

export default class Help extends BaseCommand {
  static override summary = 'Show what a command does, with its flags and examples';
  static override description = 'Without words, lists the topics and commands. The same as --help behind a command.';
  static override examples = ['<%= config.bin %> help explain'];
  static override args = {
    command: Args.string({ description: 'Words of the command', multiple: true, ignoreStdin: true }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Help);
    const words = args.command ?? [];
    await showHelp(this.config, words.length === 0 ? null : words.join(' '));
  }
}
