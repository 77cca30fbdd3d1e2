import { describe, expect, it } from 'vitest';
import { completionReply } from '../../src/launch/completion.ts';
import { SAMPLE_CATALOGUE } from '../cli/catalogue-sample.ts';

/** The answer to a line whose last word, after the last space, is being typed. */
const reply = (line: string) => completionReply(line.split(' '), SAMPLE_CATALOGUE);

it('answers in the form that kubectl reads', () => {
  expect(reply('ver')).toBe('version\tThe version\n:4\n');
});

describe('words of commands', () => {
  it.each([
    ['', ['explain', 'trace', 'pc', 'service', 'svc', 'version']],
    ['s', ['service', 'svc']],
    ['pc ', ['listener', 'route']],
    ['pc route ', ['match']],
    ['-n x pc l', ['listener']],
    ['explain ', []],
    ['pc listener ', []],
    // Arguments with usual values.
    ['explain a ', ['svc/web', 'web']],
    ['trace a w', ['web']],
    ['explain a b ', []],
    ['pc route match ', ['web']],
  ])('%j', (line, words) => {
    const lines = reply(line).split('\n');
    expect(lines.slice(0, -2).map((each) => each.split('\t')[0])).toEqual(words);
    expect(lines.slice(-2)).toEqual([':4', '']);
  });

  it('describes a topic by its place', () => {
    expect(reply('p')).toBe('pc\tCommands about pc\n:4\n');
  });
});

it('describes a word that is a command and stands before others by what it does', () => {
  const [sample] = SAMPLE_CATALOGUE;
  if (sample === undefined) throw new Error('the catalogue is empty');
  const both = ['pc route match', 'pc route'].map((name) => ({
    ...sample,
    name,
    aliases: [],
    summary: `Does ${name}`,
  }));
  for (const catalogue of [both, both.toReversed()]) {
    expect(completionReply(['pc', ''], catalogue)).toBe('route\tDoes pc route\n:4\n');
  }
});

describe('flags', () => {
  it.each([
    ['version -', ['--output', '-o', '--help', '-h']],
    ['version --o', ['--output']],
    ['svc --n', ['--namespace']],
    ['pc listener --', ['--namespace', '--help']],
    // Before any word they are those of the implied command.
    ['--s', ['--snapshot']],
    ['a --s', ['--snapshot']],
  ])('%j', (line, names) => {
    expect(
      reply(line)
        .split('\n')
        .slice(0, -2)
        .map((each) => each.split('\t')[0]),
    ).toEqual(names);
  });
});

describe('values of flags', () => {
  it.each([
    ['explain -o ', 'json\nyaml\n:4\n'],
    ['explain -o y', 'yaml\n:4\n'],
    ['explain --output ', 'json\nyaml\n:4\n'],
    ['explain --output=', '--output=json\n--output=yaml\n:4\n'],
    ['explain --output=j', '--output=json\n:4\n'],
    ['version -o ', 'json\n:4\n'],
    ['explain --dump ', ':0\n'],
    // Where the values are not known, the shell may offer files.
    ['explain --snapshot ', ':0\n'],
    ['explain --snapshot=', ':0\n'],
  ])('%j', (line, expected) => {
    expect(reply(line)).toBe(expected);
  });
});

it('offers no flags behind --', () => {
  expect(reply('explain -- -')).toBe(':4\n');
});

it('answers no words at all', () => {
  expect(completionReply([], SAMPLE_CATALOGUE)).toBe(reply(''));
});
