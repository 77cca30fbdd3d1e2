import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BaseCommand } from '../../src/cli/base-command.ts';
import { allFlags, type Catalogue, describeCommands } from '../../src/cli/catalogue.ts';
import { IMPLIED_COMMAND } from '../../src/cli/command-line.ts';
import { builtCatalogue } from '../launch/run-program.ts';

const FOLDER = new URL('../../commands/', import.meta.url);
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.[a-z]+$/.test(file));

const commands = await Promise.all(
  files.map(async (file) => {
    const module: Record<string, unknown> = await import(new URL(file, FOLDER).href);
    return { file, module, command: module['default'] as typeof BaseCommand };
  }),
);

describe.each(commands)('commands/$file', ({ file, module, command }) => {
  it('is a command and nothing else', () => {
    expect(file).toMatch(/^([a-z-]+\/)*[a-z-]+\.ts$/);
    expect(Object.keys(module)).toEqual(['default']);
    expect(command.prototype, 'it extends BaseCommand').toBeInstanceOf(BaseCommand);
    expect(Object.hasOwn(command.prototype, 'run'), 'it runs by itself').toBe(true);
  });

  it('has help: a summary of one line, and examples that name the tool as people call it', () => {
    expect(command.summary).toMatch(/^[A-Z][^\n]*[^.\n]$/);
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples) {
      expect(typeof example === 'string' ? example : example.command).toMatch(/^<%= config\.bin %> /);
    }
  });

  it('never takes an argument from standard input', () => {
    const reading = Object.entries(command.args).filter(([, arg]) => arg.ignoreStdin !== true);
    expect(reading.map(([name]) => name)).toEqual([]);
  });

  it('has flags that take one value each time, and a summary each', () => {
    for (const [name, flag] of Object.entries(allFlags(command))) {
      expect(flag.summary, `--${name}`).toMatch(/^[A-Z]/);
      const greedy = 'multiple' in flag && flag.multiple && !('multipleNonGreedy' in flag);
      expect(greedy, `--${name} would swallow arguments`).toBe(false);
    }
  });
});

const catalogue = JSON.parse(readFileSync(builtCatalogue, 'utf8')) as Catalogue;

it('the built program has every command as it is', () => {
  const classes = Object.fromEntries(
    commands.map(({ file, command }) => [file.replace(/\.ts$/, '').replaceAll('/', ':'), command]),
  );
  expect(catalogue).toEqual(describeCommands(classes));
});

it('the implied command exists', () => {
  expect(catalogue.map((entry) => entry.name)).toContain(IMPLIED_COMMAND);
});

it('no name means two commands', () => {
  const names = catalogue.flatMap((entry) => [entry.name, ...entry.aliases]);
  expect(names).toEqual([...new Set(names)]);
});
