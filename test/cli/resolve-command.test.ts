import { describe, expect, it } from 'vitest';
import { resolveCommand } from '../../src/cli/resolve-command.ts';
import { SAMPLE_CATALOGUE } from './catalogue-sample.ts';

const resolve = (line: string) => resolveCommand(line === '' ? [] : line.split(' '), SAMPLE_CATALOGUE);

describe('a command that is named', () => {
  it.each([
    ['explain a b', 'explain', 'a b'],
    ['trace a b', 'explain', 'a b'],
    ['-n x explain a b', 'explain', '-n x a b'],
    ['--namespace explain version', 'version', '--namespace explain'],
    ['--dump explain version', 'version', '--dump explain'],
    ['--shy explain version', 'version', '--shy explain'],
    ['-n=explain version', 'version', '-n=explain'],
    ['-nexplain version', 'version', '-nexplain'],
    ['-vn explain version', 'version', '-vn explain'],
    ['explain -- a b', 'explain', '-- a b'],
    ['pc listener web', 'pc:listener', 'web'],
    ['pc -n x listener web', 'pc:listener', '-n x web'],
    ['pc route match web', 'pc:route:match', 'web'],
    ['svc reviews', 'service', 'reviews'],
    ['version --bogus', 'version', '--bogus'],
  ])('%s', (line, id, argv) => {
    expect(resolve(line)).toEqual({ kind: 'command', name: id.replaceAll(':', ' '), argv: argv.split(' '), close: [] });
  });
});

describe('words that name no command are FROM and TO', () => {
  it.each([
    ['a b'],
    ['-n x a b'],
    ['--snapshot p a b'],
    ['--snapshot explain a b'],
    ['a --snapshot=p b -v'],
    ['a -H explain:1 b'],
    ['-- a b'],
    ['-- explain b'],
    ['a -- b'],
    // A flag that nobody has is the parser's to name, however many words seem to be left.
    ['a b --bogus c'],
    ['--snapshot p'],
  ])('%s', (line) => {
    expect(resolve(line)).toEqual({ kind: 'command', name: 'explain', argv: line.split(' '), close: [] });
  });

  it('says which command the first word may have meant', () => {
    expect(resolve('servce reviews')).toMatchObject({ name: 'explain', close: ['service'] });
  });
});

describe('help', () => {
  it.each([
    ['', null],
    ['--help', null],
    ['-h', null],
    ['explain --help', 'explain'],
    ['trace -h a', 'explain'],
    ['--help pc listener', 'pc listener'],
    ['pc', 'pc'],
    ['pc route', 'pc route'],
    ['a b --help', 'explain'],
  ])('%s', (line, name) => {
    expect(resolve(line)).toEqual({ kind: 'help', name });
  });

  it('is not asked for by a value or behind --', () => {
    expect(resolve('-n --help a b').kind).toBe('command');
    expect(resolve('a -- --help').kind).toBe('command');
  });
});

describe('words that mean nothing', () => {
  it.each([
    ['explian a b', 'explian', ['explain']],
    ['ver', 'ver', ['version']],
    ['reviews', 'reviews', []],
    ['a b c', 'a', []],
    ['pc listner web', 'pc listner', ['pc listener']],
  ])('%s', (line, name, close) => {
    expect(resolve(line)).toEqual({ kind: 'unknown', name, close });
  });
});
