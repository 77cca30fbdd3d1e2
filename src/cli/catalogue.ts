import type { Command } from '@oclif/core/command';
import type { CommandClasses } from './base-command.ts';

/** A flag as completion, help and the choice of the command need it. */
export interface FlagEntry {
  readonly name: string;
  readonly char: string | null;
  /** Other names that it is understood by. */
  readonly aliases: readonly string[];
  /** It is understood, but not offered. */
  readonly hidden: boolean;
  readonly takesValue: boolean;
  /** The values that it accepts, or the usual ones; empty: any, of which none is usual. */
  readonly options: readonly string[];
  readonly summary: string;
}

export interface CommandEntry {
  /** Words of the command: `explain`, `pc listener`. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly flags: readonly FlagEntry[];
  /** For each argument, in order, its usual values; empty: none is. */
  readonly args: readonly (readonly string[])[];
}

/** Every command, as plain data. */
export type Catalogue = readonly CommandEntry[];

/** Describes the command classes. The build writes the same data into the completion program. */
export function describeCommands(classes: CommandClasses): Catalogue {
  return Object.entries(classes)
    .map(([id, command]) => ({
      name: spaced(id),
      aliases: command.aliases.map(spaced),
      summary: command.summary ?? '',
      flags: Object.entries(allFlags(command)).map(([name, flag]) => ({
        name,
        char: flag.char ?? null,
        aliases: flag.aliases ?? [],
        hidden: flag.hidden ?? false,
        takesValue: flag.type === 'option',
        options: flag.type === 'option' ? [...(flag.options ?? command.offers[name] ?? [])] : [],
        summary: flag.summary ?? '',
      })),
      args: Object.keys(command.args).map((name) => command.offers[name] ?? []),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A command's own flags with those that it inherits. */
export function allFlags(command: typeof Command): (typeof Command)['flags'] {
  return { ...command.baseFlags, ...command.flags };
}

/** The command that is called `name`, by its own name or an alias. */
export function nameOf(name: string, catalogue: Catalogue): string | undefined {
  return catalogue.find((entry) => entry.name === name || entry.aliases.includes(name))?.name;
}

/** `pc listener` → `pc:listener`, as oclif files it. */
export function commandId(name: string): string {
  return name.replaceAll(' ', ':');
}

function spaced(id: string): string {
  return id.replaceAll(':', ' ');
}
