#!/usr/bin/env node
/**
 * The first file of the program. In: the arguments. Out: the version at once, or what the bundle of all commands answers.
 * It must not import a framework or a command: `--version` pays for all that stands here.
 */
import { join } from 'node:path';
import { versionLine } from '../cli/version.ts';
import { endQuietlyOnClosedPipe } from './closed-pipe.ts';

/** What the build exports from the bundle of all commands. */
interface CommandsBundle {
  /** @returns the name of the command that ran */
  main(argv: readonly string[]): Promise<string>;
}

/** Content hash of the bundle; the build puts it here. */
declare const BUNDLE_HASH: string;
/** First words of all commands and of their other names; the build puts them here. */
declare const COMMAND_WORDS: readonly string[];

endQuietlyOnClosedPipe(process.stdout);
endQuietlyOnClosedPipe(process.stderr);

void launch(process.argv.slice(2));

async function launch(argv: readonly string[]): Promise<void> {
  if (argv[0] === '--version' || (argv[0] === 'version' && argv.length === 1)) {
    process.stdout.write(versionLine());
    return;
  }
  // Imported here, because the modules of Node that it needs cost more than the whole answer above.
  const { loadBundle } = await import('./code-cache.ts');
  // Before the bundle is loaded: code that is kept is of the flags that held when it was.
  if (argv[0] === 'envoy-request') (await import('./optimise-late.ts')).optimiseLate();
  const bundle = loadBundle(join(__dirname, 'commands.cjs'), BUNDLE_HASH, useOf(argv[0] ?? ''));
  bundle.ran(await (bundle.exports as CommandsBundle).main(argv));
}

/** Which code the arguments will need: that of the command they begin with, of help before a flag, or of `explain`. */
function useOf(word: string): string {
  if (COMMAND_WORDS.includes(word)) return word;
  return word === '' || word.startsWith('-') ? 'help' : 'explain';
}
