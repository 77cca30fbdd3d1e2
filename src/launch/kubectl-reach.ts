#!/usr/bin/env node
/**
 * The first file of the program. In: the arguments. Out: the version at once, or what the bundle of all commands answers.
 * It must not import a framework or a command: `--version` pays for all that stands here.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Catalogue } from '../cli/catalogue.ts';
import { versionLine } from '../cli/version.ts';
import { endQuietlyOnClosedPipe } from './closed-pipe.ts';

/** What the build exports from the bundle of what all commands share. */
interface FrameworkBundle {
  /** @param others what the bundle of the other commands holds @returns the name of the command that ran */
  main(argv: readonly string[], catalogue: Catalogue, others: () => unknown): Promise<string>;
}

/** Content hashes of the bundles; the build puts them here. */
declare const FRAMEWORK_HASH: string;
declare const COMMANDS_HASH: string;
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
  const [{ loadBundle }, { optimiseLate }, { collectAlone }, { keepHeapSmall }] = [
    await import('./code-cache.ts'),
    await import('./optimise-late.ts'),
    await import('./collect-alone.ts'),
    await import('./small-heap.ts'),
  ];
  // Before the bundles are loaded: code that is kept is of the flags that held when it was.
  optimiseLate(argv);
  collectAlone(argv);
  keepHeapSmall(argv);
  const use = useOf(argv[0] ?? '');
  const framework = loadBundle(join(__dirname, 'framework.cjs'), FRAMEWORK_HASH, use);
  const loaded = [framework];
  const others = (): unknown => {
    const commands = loadBundle(join(__dirname, 'commands.cjs'), COMMANDS_HASH, use, {
      './framework.cjs': framework.exports,
    });
    loaded.push(commands);
    return (commands.exports as { readonly loaders: unknown }).loaders;
  };
  const catalogue = JSON.parse(readFileSync(join(__dirname, 'catalogue.json'), 'utf8')) as Catalogue;
  const ran = await (framework.exports as FrameworkBundle).main(argv, catalogue, once(others));
  for (const bundle of loaded) bundle.ran(ran);
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Which code the arguments will need: that of the command they begin with, of help before a flag, or of `explain`. */
function useOf(word: string): string {
  if (COMMAND_WORDS.includes(word)) return word;
  return word === '' || word.startsWith('-') ? 'help' : 'explain';
}
