/** Every document of our own schema that the commands print, held against the published schema. */
import { readFileSync } from 'node:fs';
import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../docs/schema/proxy-config.schema.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: false });
const validate = ajv.compile(schema);

const SNAPSHOT = ['--snapshot', 'test/fixtures/one-node-bookinfo'];
const POD = ['productpage-v1-abc.bookinfo', ...SNAPSHOT];
const NACKED = 'test/fixtures/envoy/config-dump-nacked.json';

describe('reach-json', () => {
  it.each<readonly [kind: string, words: readonly string[]]>([
    ['clusters', ['pc', 'c', ...POD]],
    ['clusters', ['pc', 'c', '-A', ...SNAPSHOT]],
    ['listeners', ['pc', 'l', ...POD]],
    ['listeners', ['pc', 'l', '-f', NACKED]],
    ['routes', ['pc', 'r', '-A', ...SNAPSHOT]],
    ['endpoints', ['pc', 'ep', ...POD]],
    ['endpoints', ['pc', 'eds', ...POD]],
    ['bootstrap', ['pc', 'b', ...POD]],
    ['all', ['pc', 'all', ...POD]],
    ['all', ['pc', 'all', '-f', NACKED]],
    ['chains', ['pc', 'chain', '-A', ...SNAPSHOT]],
    ['chains', ['pc', 'chain', '-f', NACKED]],
    ['route-match', ['pc', 'route', 'match', ...POD, '--host', 'reviews:9080', '--port', '9080']],
    ['diff', ['pc', 'diff', 'reviews-v1-abc.bookinfo', 'productpage-v1-abc.bookinfo', ...SNAPSHOT]],
    ['diff', ['ps', '--file', NACKED, '--istiod-file', NACKED]],
    ['proxy-status', ['ps', '--snapshot', 'test/fixtures/istiod/snapshot']],
    ['authorization-policies', ['authz', 'check', 'reviews-v1-abc.bookinfo', ...SNAPSHOT]],
    ['check-inject', ['check-inject', 'ratings-v1-abc.bookinfo', ...SNAPSHOT]],
    ['loggers', ['pc', 'log', '-f', 'test/fixtures/envoy/logging.txt']],
  ])('%s: %j', (kind, words) => {
    const { stdout, stderr, status } = run(built('kubectl-reach'), [...words, '-o', 'reach-json']);
    expect([0, 3, 4], stderr).toContain(status);
    const document: unknown = JSON.parse(stdout);
    const own = (validate(document) === true ? [] : (validate.errors ?? [])).map(
      ({ instancePath, message }) => `${instancePath} ${message}`,
    );
    expect(own).toEqual([]);
    expect(document).toMatchObject({ schemaVersion: '1.0', kind });
  });
});
