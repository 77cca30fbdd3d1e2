/**
 * The framework's side of the program. In: the arguments and every command class. Out: an answer on standard output or one
 * error block on standard error, and the process's exit status. It never rejects and knows no dataplane.
 */
import type { CommandClasses } from './base-command.ts';
import { commandId, describeCommands } from './catalogue.ts';
import { CliError } from './cli-error.ts';
import { reportError } from './error-report.ts';
import { showHelp } from './help.ts';
import { loadConfig } from './oclif-config.ts';
import { type Resolution, resolveCommand } from './resolve-command.ts';

/**
 * Runs what the arguments ask for, and settles `process.exitCode`.
 * @returns the name of what ran (`explain`, `help`, `error`): the launcher's code cache grows by what it has not seen yet
 */
export async function run(argv: readonly string[], classes: CommandClasses): Promise<string> {
  process.on('uncaughtException', (error) => {
    fail(error, []);
    process.exit();
  });
  const resolution = resolveCommand(argv, describeCommands(classes));
  try {
    return await carryOut(resolution, classes);
  } catch (error) {
    fail(error, resolution.kind === 'command' ? resolution.close : []);
    return 'error';
  }
}

async function carryOut(resolution: Resolution, classes: CommandClasses): Promise<string> {
  if (resolution.kind === 'unknown') throw unknownCommand(resolution.name, resolution.close);
  const config = await loadConfig(classes);
  if (resolution.kind === 'help') {
    await showHelp(config, resolution.name);
    return 'help';
  }
  const Command = classes[commandId(resolution.name)];
  if (Command === undefined) throw new Error(`no class for the command "${resolution.name}"`);
  await Command.start(resolution.argv, config);
  return resolution.name;
}

function unknownCommand(name: string, close: readonly string[]): CliError {
  const guess = close.length === 0 ? [] : [`Did you mean ${close.join(' or ')}?`];
  return new CliError(`there is no command "${name}"`, {
    remedy: [...guess, 'To explain a request: kubectl reach FROM TO. To see every command: kubectl reach help.'].join(
      '\n',
    ),
  });
}

/** @param close commands that the first word may have meant, when it was taken for a place */
function fail(error: unknown, close: readonly string[]): void {
  const { text, status } = reportError(error, process.env['DEBUG'] === '*');
  const guess = close.length === 0 ? '' : `Or did you mean the command ${close.join(' or ')}?\n`;
  process.stderr.write(text + guess);
  process.exitCode = status;
}
