import { CLIError } from '@oclif/core/errors';
import { QuestionError } from '../explain/question/question-input.ts';
import { escapeControls } from '../render/escape-controls.ts';
import { CliError } from './cli-error.ts';
import { ExitStatus } from './exit-status.ts';

/** What standard error and the caller get when a command fails. */
export interface ErrorReport {
  readonly text: string;
  readonly status: ExitStatus;
}

/**
 * Describes a failure in one block without a stack trace: what is wrong, then what to do.
 * @param error whatever was thrown: a {@link CliError}; a question that cannot be asked, oclif's parse errors, or a file that
 *   cannot be read (all usage); or anything else, which is a fault of the tool
 * @param withStack also print where it was thrown (`DEBUG=*`)
 */
export function reportError(error: unknown, withStack: boolean): ErrorReport {
  const { message, remedy, status } = describe(error);
  const stack = withStack && error instanceof Error ? [error.stack ?? ''] : [];
  const text = [`error: ${message}`, ...(remedy === undefined ? [] : [remedy]), ...stack].join('\n');
  return { text: `${escapeControls(text)}\n`, status };
}

interface Description {
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly status: ExitStatus;
}

function describe(error: unknown): Description {
  if (error instanceof CliError) return { message: error.message, remedy: error.remedy, status: error.status };
  if (error instanceof QuestionError) {
    return { message: error.message, remedy: error.hints.join('\n') || undefined, status: ExitStatus.usage };
  }
  if (isLiveError(error)) {
    return { message: error.message, remedy: error.hints.join('\n') || undefined, status: ExitStatus.failed };
  }
  if (isInputError(error)) return { message: error.message, remedy: error.remedy, status: ExitStatus.usage };
  if (error instanceof CLIError) return describeParseError(error);
  const unreadable = describeFileError(error);
  if (unreadable !== undefined) return unreadable;
  return {
    message: `unexpected failure: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'This is a fault of the tool. Run the command again with DEBUG=* to see where, and report it.',
    status: ExitStatus.failed,
  };
}

/** Told by its name, as the next: its class is in a room or a bundle that this one does not know. */
function isLiveError(error: unknown): error is Error & { readonly hints: readonly string[] } {
  return error instanceof Error && error.name === 'LiveError' && 'hints' in error && Array.isArray(error.hints);
}

function isInputError(error: unknown): error is Error & { readonly remedy: string } {
  return error instanceof Error && error.name === 'InputError' && 'remedy' in error && typeof error.remedy === 'string';
}

/**
 * oclif ends its messages with a pointer to the help, says where it stands in a line of its own ("Parsing --x \n\t…"), and warns
 * of repeatable flags that swallow arguments, which ours do not.
 */
function describeParseError(error: CLIError): Description {
  const message = error.message
    .replace(/\nSee more help with --help/g, '')
    .replace(/\n\nNote: --[\s\S]*/, '')
    .replace(/^Parsing (--\S+) \n\t/, '$1: ')
    .trim();
  return {
    message: message.charAt(0).toLowerCase() + message.slice(1),
    remedy: 'Add --help to see the flags and examples.',
    status: ExitStatus.usage,
  };
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is no folder',
};

function describeFileError(error: unknown): Description | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return undefined;
  const problem = FILE_ERRORS[String(error.code)];
  if (problem === undefined) return undefined;
  return {
    message: `cannot read ${String(error.path)}: ${problem}`,
    remedy: 'Check the path and its permissions.',
    status: ExitStatus.usage,
  };
}
