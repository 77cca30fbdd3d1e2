import type { Command } from '@oclif/core/command';
import { Config } from '@oclif/core/config';
import type * as Interfaces from '@oclif/core/interfaces';
import manifest from '../../package.json' with { type: 'json' };
import type { BaseCommand, CommandClasses } from './base-command.ts';
import { allFlags } from './catalogue.ts';

/** What the commands of a topic are about. */
const TOPICS = [
  { name: 'proxy-config', description: 'Show the configuration of a proxy, as istioctl does (alias: pc)' },
  { name: 'ztunnel-config', description: 'Show what a ztunnel knows, as istioctl does (alias: zc)' },
  { name: 'authz', description: 'Show what proxies allow and deny' },
];

/** How the tool is called by people, with kubectl in front. */
const BIN = 'kubectl reach';

/**
 * oclif's configuration around command classes that are already in memory: it reads no manifest, looks for no commands on
 * disk, and loads no plugins of others.
 */
export async function loadConfig(classes: CommandClasses): Promise<Config> {
  const { name, version, description } = manifest;
  const pjson = { name, version, description, oclif: { bin: BIN, dirname: name, topicSeparator: ' ' } };
  const plugin = inMemoryPlugin(pjson as Interfaces.PJSON, classes);
  const shell = process.env['SHELL'];
  // oclif asks PowerShell for the name of its parent when there is no SHELL, which takes seconds on Windows.
  if (process.platform === 'win32') process.env['SHELL'] ??= process.env['ComSpec'] ?? 'cmd.exe';
  try {
    return await Config.load({ root: plugin.root, pjson: plugin.pjson, plugins: new Map([[name, plugin]]) });
  } finally {
    if (shell === undefined) delete process.env['SHELL'];
  }
}

function inMemoryPlugin(pjson: Interfaces.PJSON, classes: CommandClasses): Interfaces.Plugin {
  const { name, version } = pjson;
  const commands = Object.entries(classes).map(([id, command]) => loadable(id, command, name));
  return {
    _base: name,
    alias: name,
    name,
    version,
    pjson,
    root: '.',
    type: 'core',
    moduleType: 'commonjs',
    isRoot: true,
    valid: true,
    hasManifest: true,
    commandsDir: undefined,
    hooks: {},
    topics: TOPICS,
    options: { root: '.' },
    commands,
    commandIDs: commands.map((command) => command.id),
    load: async () => {},
    findCommand: (id: string) => Promise.resolve(classes[id] as Command.Class),
  };
}

/** What help reads of a command. */
function loadable(id: string, command: typeof BaseCommand, pluginName: string): Command.Loadable {
  command.id = id;
  return {
    id,
    pluginName,
    aliases: command.aliases,
    hiddenAliases: command.hiddenAliases,
    hidden: command.hidden,
    summary: command.summary,
    description: command.description,
    examples: command.examples,
    usage: command.usage,
    strict: command.strict,
    args: Object.fromEntries(Object.entries(command.args).map(([key, arg]) => [key, { ...arg, name: key }])),
    flags: allFlags(command),
    load: () => Promise.resolve(command),
  };
}
