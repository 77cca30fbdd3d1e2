import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const PROXY = 'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy';
const DUMP = `${PROXY}/config_dump.json`;
const reach = (...args: string[]) => run(built('kubectl-reach'), ['envoy-request', ...args]);

const validate = new Ajv2020().compile(
  JSON.parse(readFileSync(new URL('../../docs/schema/envoy-request.schema.json', import.meta.url), 'utf8')) as object,
);
const fits = (text: string): void => {
  expect(validate(JSON.parse(text)), `${JSON.stringify(validate.errors)}: ${text}`).toBe(true);
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'envoy-request-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('one request', () => {
  it.each<[string, string[], number]>([
    ['reaches an upstream', ['--address', '10.96.10.1:9080', '--host', 'reviews:9080'], 0],
    [
      'is answered by the proxy',
      ['--listener', '0.0.0.0_9080', '--host', 'reviews:9080', '--path', '/reviews/1', '-H', 'x-fault: abort'],
      3,
    ],
    ['cannot be told', ['--listener', '0.0.0.0_9080', '--host', 'reviews:9080', '--path', 'x'], 4],
  ])('that %s', (_, args, status) => {
    const json = reach('--file', DUMP, ...args, '-o', 'json');
    expect(json).toMatchObject({ status, stderr: '' });
    fits(json.stdout);
    expect(reach('--file', DUMP, ...args).status).toBe(status);
  });

  it('is told to people', () => {
    const { stdout } = reach('--file', DUMP, '--address', '10.96.10.1:9080', '--host', 'reviews:9080');
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'listener 0.0.0.0_9080, filter chain filter_chains/0',
      'to cluster outbound|9080|v1|reviews.bookinfo.svc.cluster.local  50 %',
      '  by virtual host reviews.bookinfo.svc.cluster.local:9080, route weighted',
      '    10.244.1.11:9080',
    ]);
  });

  it.each<[string, string[], string]>([
    ['nowhere', ['--file', DUMP], 'it is not said where the request arrives'],
    ['of no such listener', ['--file', DUMP, '--listener', 'nosuch'], 'the proxy has no listener "nosuch"'],
    ['of another file', ['--file', 'package.json', '--listener', 'l'], 'package.json is not a config_dump'],
    [
      'with a wrong clusters file',
      ['--file', DUMP, '--clusters', DUMP, '--listener', 'l'],
      'is not an answer of /clusters?format=json: this is not the answer of /clusters?format=json: it is that of /config_dump',
    ],
    ['from standard input twice', ['--file', '-', '--requests', '-'], 'standard input can hold one file only'],
  ])('is refused: %s', (_, args, problem) => {
    const { status, stdout, stderr } = reach(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(problem);
  });
});

describe('many requests', () => {
  it('are answered line by line, in order, and bad lines in their place', () => {
    const requests = join(folder, 'requests.jsonl');
    const good = { listener: '0.0.0.0_9080', host: 'reviews:9080', id: 7 };
    writeFileSync(requests, [JSON.stringify(good), 'no JSON', '', '{"address":"x"}', JSON.stringify(good)].join('\n'));
    const { status, stdout } = reach('--file', DUMP, '--requests', requests);
    expect(status).toBe(2);
    const lines = stdout.trim().split('\n');
    lines.forEach(fits);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { request: good, listener: '0.0.0.0_9080' },
      { request: 'no JSON', error: 'this line is no JSON' },
      { request: { address: 'x' }, error: 'address is no IP:PORT: "x"' },
      { request: good, listener: '0.0.0.0_9080' },
    ]);
  });

  it('are missed where a file has none', () => {
    const requests = join(folder, 'none.jsonl');
    writeFileSync(requests, '\n');
    const { status, stdout, stderr } = reach('--file', DUMP, '--requests', requests);
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
    expect(stderr).toContain(`no request is in ${requests}`);
  });

  it('end with 0 when each has an answer, whatever it is', () => {
    const requests = join(folder, 'one.jsonl');
    writeFileSync(requests, '{"listener":"0.0.0.0_9080","host":"reviews:9080","headers":{"x-fault":"abort"}}\n');
    expect(reach('--file', DUMP, '--requests', requests).status).toBe(0);
  });
});
