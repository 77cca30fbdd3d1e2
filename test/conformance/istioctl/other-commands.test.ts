/** ztunnel-config and authz check, held against istioctl on the same files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { goProgram } from '../../lab/build/go-modules.ts';
import { Programs } from './programs.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'istioctl-'));
afterAll(() => rmSync(folder, { recursive: true }));
const programs = new Programs(await goProgram('istioctl'), folder);

const ZTUNNEL = fileURLToPath(new URL('../../fixtures/ztunnel/config_dump.json', import.meta.url));
const SIDECARS = new URL('../../../test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/', import.meta.url);

/** Lines in any order where istioctl takes that of a Go map. */
const sorted = (text: string): string[] => text.split('\n').toSorted();

describe('ztunnel-config', () => {
  const commands = ['workload', 'service', 'policy', 'certificate', 'connections', 'all'];
  const questions = commands.flatMap((command) => ['short', 'json', 'yaml'].map((format) => [command, '-o', format]));
  it.each([
    ...questions,
    ['w', '--workload-namespace', 'bookinfo'],
    ['workloads', '--address', '10.244.2.54'],
    ['cons', '--raw', '--direction', 'inbound'],
    ['svc', '--service-namespace', 'istio-system'],
    ['all', '--with-headers'],
  ])('%s %s %s', async (...words) => {
    const { theirs, ours } = await programs.run(['ztunnel-config', ...words, '--file', ZTUNNEL]);
    expect(ours.errors).toBe('');
    const unordered = words[0]?.startsWith('w') === true || words[0] === 'all';
    const comparable = (text: string): unknown => (unordered ? sorted(text) : text);
    expect(comparable(ours.text)).toEqual(comparable(theirs.text));
  });
});

describe('authz check', () => {
  it.each(['productpage-v1-abc', 'reviews-v1-abc', 'reviews-v2-abc'])('%s', async (pod) => {
    const file = fileURLToPath(new URL(`${pod}/envoy/config_dump.json`, SIDECARS));
    const { theirs, ours } = await programs.run(['authz', 'check', '-f', file], ['x']);
    expect(ours.text).toBe(theirs.text);
  });
});
