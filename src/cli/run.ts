/**
 * The framework's side of the program. In: the arguments, what all commands are called, and how to load each. Out: an answer on standard output or one
 * error block on standard error, and the process's exit status. It never rejects and knows no dataplane.
 */
import type { CommandClasses, CommandLoaders } from './base-command.ts';
import { type Catalogue, commandId } from './catalogue.ts';
import { CliError } from './cli-error.ts';
import { reportError } from './error-report.ts';
import { showHelp } from './help.ts';
import { loadConfig } from './oclif-config.ts';
import { type Resolution, resolveCommand } from './resolve-command.ts';

/**
 * Runs what the arguments ask for, and settles `process.exitCode`.
 * @param catalogue of the same commands as `loaders`
 * @returns the name of what ran (`explain`, `help`, `error`): the launcher's code cache grows by what it has not seen yet
 */
export async function run(argv: readonly string[], loaders: CommandLoaders, catalogue: Catalogue): Promise<string> {
  process.on('uncaughtException', (error) => {
    fail(error, []);
    process.exit();
  });
  const resolution = resolveCommand(argv, catalogue);
  try {
    return await carryOut(resolution, loaders);
  } catch (error) {
    fail(error, resolution.kind === 'command' ? resolution.close : []);
    return 'error';
  }
}

async function carryOut(resolution: Resolution, loaders: CommandLoaders): Promise<string> {
  if (resolution.kind === 'unknown') throw unknownCommand(resolution.name, resolution.close);
  if (resolution.kind === 'help') {
    await showHelp(await loadConfig(await loadAll(loaders)), resolution.name);
    return 'help';
  }
  const id = commandId(resolution.name);
  // The command called help shows the others.
  const classes = id === 'help' ? await loadAll(loaders) : await loadOne(id, loaders);
  const Command = classes[id];
  if (Command === undefined) throw new Error(`no class for the command "${resolution.name}"`);
  await Command.start(resolution.argv, await loadConfig(classes));
  return resolution.name;
}

async function loadOne(id: string, loaders: CommandLoaders): Promise<CommandClasses> {
  const Command = await loaders[id]?.();
  return Command === undefined ? {} : { [id]: Command };
}

/** @returns the class of every command */
export async function loadAll(loaders: CommandLoaders): Promise<CommandClasses> {
  const loaded = Object.entries(loaders).map(async ([id, load]) => [id, await load()] as const);
  return Object.fromEntries(await Promise.all(loaded));
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
