import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const SAMPLE = 'test/fixtures/one-node-bookinfo';
const PROXY = `${SAMPLE}/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy`;
const FILES = ['--file', `${PROXY}/config_dump.json`, '--clusters', `${PROXY}/clusters.json`];
const why = (...args: string[]) => run(built('kubectl-reach'), ['why', ...args]);

const validate = new Ajv2020().compile(
  JSON.parse(readFileSync(new URL('../../docs/schema/why.schema.json', import.meta.url), 'utf8')) as object,
);

describe('why', () => {
  it('answers as the schema says', () => {
    const { status, stdout, stderr } = why('UH,UF,URX', ...FILES, '-o', 'json');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(validate(JSON.parse(stdout)), JSON.stringify(validate.errors)).toBe(true);
  });

  it('finds the subset without endpoints first', () => {
    const { stdout } = why('UH', 'at', 'productpage-v1-abc.bookinfo', '--snapshot', SAMPLE);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe('UH NoHealthyUpstream: the cluster has no host that a request may go to');
    expect(lines[2]).toBe('proxy of pod bookinfo/productpage-v1-abc');
    expect(lines[3]).toBe('  found  A cluster has no hosts.');
    expect(lines.slice(4, 6).join(' ')).toContain('v9-empty');
  });

  it('asks every proxy of a snapshot', () => {
    const { stdout } = why('NC', '--snapshot', SAMPLE, '-o', 'json');
    const { proxies } = JSON.parse(stdout) as { proxies: { proxy: string }[] };
    expect(proxies.map(({ proxy }) => proxy)).toEqual(
      expect.arrayContaining(['bookinfo/productpage-v1-abc', 'bookinfo/reviews-v1-abc']),
    );
  });

  it.each<[string, string[]]>([
    ['a flag that is none', ['XX', ...FILES]],
    ['no proxy after at', ['UF', 'at', '--snapshot', SAMPLE]],
    ['a word too many', ['UF', 'URX', 'productpage-v1-abc', '--snapshot', SAMPLE]],
    ['nothing to look at', ['UF']],
    ['a proxy that was not captured', ['UF', 'at', 'nobody', '--snapshot', SAMPLE]],
    ['a file that is no config_dump', ['UF', '--file', `${PROXY}/clusters.json`]],
  ])('refuses %s', (_, args) => {
    const { status, stdout, stderr } = why(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error: /);
  });

  it('lists the flags there are', () => {
    expect(why('XX', ...FILES).stderr).toContain(
      'UAEX  UnauthorizedExternalService: an external authorization service',
    );
  });
});
