import { parseNumber, WORD_MAX } from './values.ts';
import { tokenize } from './tokens.ts';

/** A command of a file for iptables-restore in another form than `-A CHAIN`. */
export type RestoreCommand = { readonly line: number; readonly chain: string | null } & (
  | { readonly kind: 'append' | 'new' | 'zero' | 'unknown' }
  /** `chain` null: every chain. */
  | { readonly kind: 'flush' }
  /** Before rule number `position`, from 1. */
  | { readonly kind: 'insert'; readonly position: number }
  | { readonly kind: 'policy'; readonly policy: 'ACCEPT' | 'DROP' }
);

/**
 * Reads such a command. Deleting, replacing and renaming are not followed.
 * @param line index of the line
 */
export function readCommand(text: string, line: number): RestoreCommand {
  const words = (tokenize(text) ?? []).map((token) => token.text);
  const command = words[0]?.startsWith('[') === true ? words.slice(1) : words;
  const [name, chain, third] = command;
  if (name === '-F' || name === '--flush') return { kind: 'flush', line, chain: chain ?? null };
  if (name === '-Z' || name === '--zero') return { kind: 'zero', line, chain: chain ?? null };
  if (chain === undefined) return { kind: 'unknown', line, chain: null };
  switch (name) {
    case '-A':
    case '--append':
      return { kind: 'append', line, chain };
    case '-N':
    case '--new-chain':
      return { kind: 'new', line, chain };
    case '-I':
    case '--insert':
      return { kind: 'insert', line, chain, position: Math.max(1, parseNumber(third, WORD_MAX) ?? 1) };
    case '-P':
    case '--policy':
      if (third === 'ACCEPT' || third === 'DROP') return { kind: 'policy', line, chain, policy: third };
      break;
    default:
  }
  return { kind: 'unknown', line, chain: null };
}
