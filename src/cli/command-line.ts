import type { Catalogue, FlagEntry } from './catalogue.ts';

/** The command that is meant when the words name none: `kubectl reach FROM TO`. */
export const IMPLIED_COMMAND = 'explain';

/** The arguments, with flags and words told apart. */
export interface CommandLine {
  /** Arguments before `--` that are neither flags nor values of flags. */
  readonly words: readonly { readonly text: string; readonly index: number }[];
  /** How many arguments follow `--`. */
  readonly afterDashes: number;
  readonly help: boolean;
  readonly unknownFlag: boolean;
  /** The flag whose value would come next. */
  readonly open: FlagEntry | undefined;
}

/** Tells flags, their values and words apart before the command is known. */
export function scanCommandLine(argv: readonly string[], catalogue: Catalogue): CommandLine {
  const flags = flagsByToken(catalogue);
  const words: { text: string; index: number }[] = [];
  let help = false;
  let unknownFlag = false;
  let open: FlagEntry | undefined;
  for (const [index, text] of argv.entries()) {
    if (open !== undefined) open = undefined;
    else if (text === '--') return { words, afterDashes: argv.length - index - 1, help, unknownFlag, open };
    else if (text === '--help' || text === '-h') help = true;
    else if (!text.startsWith('-') || text === '-') words.push({ text, index });
    else {
      const flag = readFlag(text, flags);
      unknownFlag ||= flag === 'unknown';
      if (typeof flag === 'object') open = flag;
    }
  }
  return { words, afterDashes: 0, help, unknownFlag, open };
}

/** Flags of all commands by how they are written; where commands differ, the implied one counts. */
function flagsByToken(catalogue: Catalogue): ReadonlyMap<string, FlagEntry> {
  const implied = catalogue.find((entry) => entry.name === IMPLIED_COMMAND)?.flags ?? [];
  const all = [...catalogue.flatMap((entry) => entry.flags), ...implied];
  return new Map(
    all.flatMap((flag) => [
      ...[flag.name, ...flag.aliases].map((name) => [`--${name}`, flag] as const),
      ...(flag.char === null ? [] : [[`-${flag.char}`, flag] as const]),
    ]),
  );
}

/** @returns the flag when its value is the next argument, `alone` when this argument is all of it */
function readFlag(text: string, flags: ReadonlyMap<string, FlagEntry>): FlagEntry | 'alone' | 'unknown' {
  if (text.startsWith('--')) {
    const equals = text.indexOf('=');
    const flag = flags.get(equals < 0 ? text : text.slice(0, equals));
    if (flag === undefined) return 'unknown';
    return flag.takesValue && equals < 0 ? flag : 'alone';
  }
  // A cluster of short flags (`-vn bookinfo`, `-nbookinfo`): the first that takes a value takes the rest.
  for (let at = 1; at < text.length; at += 1) {
    const flag = flags.get(`-${text.charAt(at)}`);
    if (flag === undefined) return 'unknown';
    if (flag.takesValue) return at === text.length - 1 ? flag : 'alone';
  }
  return 'alone';
}
