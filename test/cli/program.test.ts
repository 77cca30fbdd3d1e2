import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const reach = (...args: string[]) => run(built('kubectl-reach'), args);

describe('the built program', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']]])('%j shows how it is used', (args) => {
    const { status, stdout, stderr } = reach(...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('$ kubectl reach FROM TO');
    expect(stdout).toContain('EXAMPLES');
    expect(stdout).toMatch(/^ {2}version {2,}Print the version/m);
  });

  it.each([[['help', 'version']], [['version', '--help']], [['-h', 'version']]])('%j explains a command', (args) => {
    const { status, stdout } = reach(...args);
    expect(status).toBe(0);
    expect(stdout).toContain('$ kubectl reach version [--no-color] [-o json]');
    expect(stdout).toContain('$ kubectl reach version -o json');
  });

  it('gives JSON alone on standard output', () => {
    const { status, stdout, stderr } = reach('version', '-o', 'json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const schema = JSON.parse(readFileSync(new URL('../../docs/schema/version.schema.json', import.meta.url), 'utf8'));
    const ajv = new Ajv();
    expect(ajv.validate(schema, JSON.parse(stdout)), ajv.errorsText()).toBe(true);
  });

  it.each([
    [['versoin'], 'error: there is no command "versoin"\nDid you mean version?\n'],
    [['zq', 'b', 'c'], 'error: there is no command "zq"\nTo explain a request: kubectl reach FROM TO.'],
    [['version', '--bogus'], 'error: nonexistent flag: --bogus\nAdd --help'],
    [['version', '-o', 'yaml'], 'error: expected --output=yaml to be one of: json\nAdd --help'],
    [['version', 'now'], 'error: unexpected argument: now\nAdd --help'],
    [['version', '-o'], 'error: flag --output expects one of these values: json\nAdd --help'],
    [['help', 'nothing'], 'error: command nothing not found.\n'],
  ])('%j is wrong usage: status 2, one block, no stack', (args, text) => {
    const { status, stdout, stderr } = reach(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr.slice(0, text.length)).toBe(text);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('kubectl_complete-reach', () => {
  it('offers the commands that the program has', () => {
    const { status, stdout, stderr } = run(built('kubectl_complete-reach'), ['ver']);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'version\tPrint the version of this tool\n:4\n',
      stderr: '',
    });
  });

  it('offers the values of a flag', () => {
    expect(run(built('kubectl_complete-reach'), ['version', '-o', '']).stdout).toBe('json\n:4\n');
  });

  it.each([
    [['envoy-request', '--method', 'P'], ['POST', 'PUT', 'PATCH'], ':4'],
    [['envoy-request', '--alpn', ''], ['h2', 'http/1.1'], ':4'],
    [['envoy-request', '--output='], ['--output=json', '--output=yaml'], ':4'],
    [['envoy-request', '--file', ''], [], ':0'],
    [['envoy-request', '--s'], ['--sni', '--source'], ':4'],
    [['why', 'UP'], ['UPE'], ':4'],
    [['why', 'UH', ''], ['at'], ':4'],
    [['why', 'UH', 'at', ''], [], ':4'],
    [
      ['why', 'UH', '--'],
      [
        '--no-color',
        '--snapshot',
        '--namespace',
        '--detail',
        '--file',
        '--clusters',
        '--verbose',
        '--output',
        '--help',
      ],
      ':4',
    ],
  ])('offers after %j what fits there', (words, offered, directive) => {
    const lines = run(built('kubectl_complete-reach'), words).stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split('\t')[0])).toEqual([...offered, directive]);
  });
});
