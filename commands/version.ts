import { BaseCommand } from '../src/cli/base-command.ts';
import { ExitStatus } from '../src/cli/exit-status.ts';
import { outputFlag } from '../src/cli/flags.ts';
import { versionLine, versionReport } from '../src/cli/version.ts';

export default class Version extends BaseCommand {
  static override summary = 'Print the version of this tool';
  static override description = 'With -o json also the version of Node and the platform.';
  static override examples = [
    '<%= config.bin %> version',
    { description: 'With the version of Node and the platform', command: '<%= config.bin %> version -o json' },
  ];
  static override flags = { output: outputFlag(['json']) };

  override async run(): Promise<void> {
    const { flags } = await this.parse(Version);
    const text = flags.output === 'json' ? JSON.stringify(versionReport(), null, 2) : versionLine();
    this.answer(text, ExitStatus.ok);
  }
}
