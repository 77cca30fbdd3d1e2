import { closeNames } from '../explain/question/close-names.ts';
import { type Catalogue, nameOf } from './catalogue.ts';
import { IMPLIED_COMMAND, scanCommandLine } from './command-line.ts';

const IMPLIED_WORDS = 2;

/** What a command line asks for. */
export type Resolution =
  | {
      readonly kind: 'command';
      readonly name: string;
      /** The arguments without the words of the command. */
      readonly argv: readonly string[];
      /** When the words named no command: those that the first word may have meant. */
      readonly close: readonly string[];
    }
  /** About a command, a topic (the first words of some command), or everything (null). */
  | { readonly kind: 'help'; readonly name: string | null }
  | { readonly kind: 'unknown'; readonly name: string; readonly close: readonly string[] };

/**
 * Finds the command among the arguments. Flags may stand before, between and after its words; a flag's value is never
 * taken for a word. Two words that name no command are FROM and TO of the implied one.
 */
export function resolveCommand(argv: readonly string[], catalogue: Catalogue): Resolution {
  const line = scanCommandLine(argv, catalogue);
  const words = line.words.map((word) => word.text);

  const named = longestMatch(words, (name) => nameOf(name, catalogue));
  if (named !== undefined) {
    if (line.help) return { kind: 'help', name: named.match };
    const own = new Set(line.words.slice(0, named.length).map((word) => word.index));
    return { kind: 'command', name: named.match, argv: argv.filter((_, index) => !own.has(index)), close: [] };
  }

  const topic = longestMatch(words, (name) => topicOf(name, catalogue));
  if (topic !== undefined) {
    if (topic.length === words.length) return { kind: 'help', name: topic.match };
    return unknown([topic.match, ...words.slice(topic.length, topic.length + 1)].join(' '), catalogue);
  }

  if (line.help) return { kind: 'help', name: words.length === 0 ? null : IMPLIED_COMMAND };
  if (argv.length === 0) return { kind: 'help', name: null };
  const count = words.length + line.afterDashes;
  // An unknown flag hides which words are values: the command's own parser then names the flag.
  if (count === 0 || count === IMPLIED_WORDS || line.unknownFlag) {
    return { kind: 'command', name: IMPLIED_COMMAND, argv, close: closeCommands(words[0] ?? '', catalogue) };
  }
  return unknown(words[0] ?? '', catalogue);
}

function unknown(name: string, catalogue: Catalogue): Resolution {
  return { kind: 'unknown', name, close: closeCommands(name, catalogue) };
}

/** Names of commands that a person may have meant; a letter or two are part of too many. */
function closeCommands(name: string, catalogue: Catalogue): string[] {
  if (name.length < 3) return [];
  const names = catalogue.flatMap((entry) => [entry.name, ...entry.aliases]);
  return closeNames(name, names, 3);
}

/** The most leading words, joined by spaces, for which `find` gives something. */
function longestMatch(
  words: readonly string[],
  find: (name: string) => string | undefined,
): { match: string; length: number } | undefined {
  for (let length = words.length; length > 0; length -= 1) {
    const match = find(words.slice(0, length).join(' '));
    if (match !== undefined) return { match, length };
  }
  return undefined;
}

/** The topic that these words are, or are short for: `pc` is `proxy-config`, as `pc cluster` is `proxy-config cluster`. */
function topicOf(name: string, catalogue: Catalogue): string | undefined {
  if (catalogue.some((entry) => entry.name.startsWith(`${name} `))) return name;
  const meant = catalogue.find((entry) => entry.aliases.some((alias) => alias.startsWith(`${name} `)))?.name;
  return meant?.split(' ').slice(0, name.split(' ').length).join(' ');
}
