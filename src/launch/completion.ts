import { type Catalogue, type CommandEntry, type FlagEntry, nameOf } from '../cli/catalogue.ts';
import { IMPLIED_COMMAND, scanCommandLine } from '../cli/command-line.ts';

/** Every command has it, though none declares it. */
const HELP: FlagEntry = {
  name: 'help',
  char: 'h',
  aliases: [],
  hidden: false,
  takesValue: false,
  options: [],
  summary: 'Show help',
};

/** Cobra's directives: the shell offers no file names (ShellCompDirectiveNoFileComp), or its usual ones. */
type Directive = ':4' | ':0';

/**
 * Answers `kubectl_complete-reach WORD…`, which kubectl runs for its plugins: the last word is being typed and may be empty.
 * As cobra's `__complete`, each line is a value, or a value, a tab and its description; the last line is a directive.
 */
export function completionReply(words: readonly string[], catalogue: Catalogue): string {
  const typed = words.at(-1) ?? '';
  const reply = complete(words.slice(0, -1), typed, catalogue);
  return [...reply.values.filter((value) => value.startsWith(typed)), reply.directive, ''].join('\n');
}

function complete(
  before: readonly string[],
  typed: string,
  catalogue: Catalogue,
): { values: readonly string[]; directive: Directive } {
  const line = scanCommandLine(before, catalogue);
  const words = line.words.map((word) => word.text);
  const { command, depth } = commandOf(words, catalogue);
  const flags = [...(command?.flags ?? []), HELP];
  // The same flag may have other values in another command.
  const open = flags.find((flag) => flag.name === line.open?.name) ?? line.open;
  if (open?.takesValue === true) return flagValues(open, '');
  const assigned = flags.find((flag) => flag.takesValue && typed.startsWith(`--${flag.name}=`));
  if (assigned !== undefined) return flagValues(assigned, `--${assigned.name}=`);
  if (typed.startsWith('-') && !before.includes('--')) {
    return { values: flags.filter(({ hidden }) => !hidden).flatMap(flagLines), directive: ':4' };
  }
  // Words without a command may still become the name of one.
  const args = depth === 0 ? [] : (command?.args[words.length - depth] ?? []);
  const values = [...nextWords(words, catalogue), ...args];
  return { values, directive: ':4' };
}

/** The command that the words name, and how many of them do; without any, its flags may already be typed and are those of the implied command. */
function commandOf(
  words: readonly string[],
  catalogue: Catalogue,
): { readonly command: CommandEntry | undefined; readonly depth: number } {
  const names = words.map((_, at) => nameOf(words.slice(0, at + 1).join(' '), catalogue));
  const last = names.findLastIndex((each) => each !== undefined);
  const name = names[last] ?? IMPLIED_COMMAND;
  return { command: catalogue.find((entry) => entry.name === name), depth: last + 1 };
}

/** A flag's values; where none is usual, file names may help (`--snapshot`). */
function flagValues(flag: FlagEntry, prefix: string): { values: readonly string[]; directive: Directive } {
  if (flag.options.length === 0) return { values: [], directive: ':0' };
  return { values: flag.options.map((option) => prefix + option), directive: ':4' };
}

function flagLines(flag: FlagEntry): string[] {
  return [`--${flag.name}`, ...(flag.char === null ? [] : [`-${flag.char}`])].map((name) => `${name}\t${flag.summary}`);
}

/** The words that can follow: `pc` and then `listener`. */
function nextWords(words: readonly string[], catalogue: Catalogue): string[] {
  const start = words.map((word) => `${word} `).join('');
  const following = new Map<string, string>();
  for (const { name: own, aliases, summary } of catalogue) {
    for (const name of [own, ...aliases].filter((one) => one.startsWith(start))) {
      const [word = '', ...more] = name.slice(start.length).split(' ');
      // A word may be a command and stand before others.
      if (more.length === 0) following.set(word, summary);
      else if (!following.has(word)) following.set(word, `Commands about ${start}${word}`);
    }
  }
  return [...following].map(([word, summary]) => `${word}\t${summary}`);
}
