import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { IDENTITIES, makeCertificates } from '../envoy/certificates.ts';
import { generatedClusters, generatedDump } from './generated-dump.ts';
import { goProgram } from '../../lab/build/go-modules.ts';
import { Programs } from './programs.ts';

const istioctl = await goProgram('istioctl');
const folder = mkdtempSync(path.join(tmpdir(), 'istioctl-'));
afterAll(() => rmSync(folder, { recursive: true }));
const programs = new Programs(istioctl, folder);

const generated = path.join(folder, 'config_dump.json');
const generatedStatuses = path.join(folder, 'clusters.json');
const keys = path.join(folder, 'keys');
mkdirSync(keys);
const { authority, clients } = makeCertificates(keys);
const base64 = (text: string | undefined): string => Buffer.from(text ?? '').toString('base64');
const leaf = clients.get(IDENTITIES[0])?.certificate;
writeFileSync(generated, JSON.stringify(generatedDump([base64(leaf), base64(authority)]), null, 1));
writeFileSync(generatedStatuses, JSON.stringify(generatedClusters()));

const SAMPLES = new URL('../../../test/fixtures/one-node-bookinfo/clusters/lab/pods/', import.meta.url);
const sample = (name: string): string => fileURLToPath(new URL(name, SAMPLES));
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/envoy/${name}`, import.meta.url));
const SIDECAR = 'bookinfo/productpage-v1-abc/envoy/';
const GATEWAY = 'istio-system/istio-ingressgateway-abc/envoy/';

/** Dumps by what they are of. */
const DUMPS: readonly (readonly [string, string])[] = [
  ['a sidecar', sample(`${SIDECAR}config_dump.json`)],
  ['another sidecar', sample('bookinfo/reviews-v2-abc/envoy/config_dump.json')],
  ['a gateway', sample(`${GATEWAY}config_dump.json`)],
  ['the generated proxy', generated],
];
const STATUSES: readonly (readonly [string, string])[] = [
  ['a sidecar', sample(`${SIDECAR}clusters.json`)],
  ['a gateway', sample(`${GATEWAY}clusters.json`)],
  ['the generated proxy', generatedStatuses],
];

const FORMATS = ['short', 'json', 'yaml'];
const inFormats = (...words: string[]): string[][] => FORMATS.map((format) => [...words, '-o', format]);

/** What is asked of every config_dump. */
const QUESTIONS: readonly (readonly string[])[] = [
  ...inFormats('cluster'),
  ...inFormats('clusters', '--fqdn', 'svc.cluster.local', '--direction', 'outbound'),
  ...inFormats('c', '--port', '443'),
  ['c', '--port', '9080', '--subset', 'v2'],
  ...inFormats('listener'),
  ...inFormats('listeners', '--port', '15006'),
  ...inFormats('l', '--address', '0.0.0.0', '--type', 'http'),
  ['l', '--address', 'FD00::1'],
  ['l', '--type', 'TCP', '--verbose=false'],
  ['l', '--verbose=false'],
  ...inFormats('route'),
  ...inFormats('routes', '--name', '80'),
  ['r', '--name', '9080', '--verbose=false'],
  ['r', '--verbose=false'],
  ...inFormats('eds'),
  ...inFormats('eds', '--status', 'healthy', '--port', '80'),
  ['eds', '--address', '10.1.0.1:80'],
  ['eds', '--cluster', 'OUTBOUND|80||b.shop.svc.cluster.local'],
  ...inFormats('bootstrap'),
  ['b'],
  ...inFormats('secret'),
  ...inFormats('all'),
  ['a', '--with-headers', '--port', '9080'],
  ['a', '--name', '80', '--type', 'HTTP', '--verbose=false'],
];

/** Lines and elements whose order istioctl leaves to its sorting of equal keys (docs/istioctl-differences.md). */
const UNORDERED = new Set(['listener', 'listeners', 'l', 'route', 'routes', 'r', 'all', 'a']);

function comparable(text: string, words: readonly string[]): unknown {
  if (!UNORDERED.has(words[0] ?? '')) return text;
  const format = words[words.indexOf('-o') + 1];
  if (format === 'json') {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value.map((one) => JSON.stringify(one)).toSorted() : text;
  }
  return text.split('\n').toSorted();
}

/** What both print; `failed` where a section is not there, which each says in its own words. */
async function answers(words: readonly string[], file: string): Promise<{ ours: unknown; theirs: unknown }> {
  const { theirs, ours } = await programs.ask(words, file);
  return {
    theirs: theirs.status === 0 ? comparable(theirs.text, words) : 'failed',
    ours: ours.status === 0 ? comparable(ours.text, words) : ours.status === 2 ? 'failed' : ours.errors,
  };
}

describe.each(DUMPS)('the config_dump of %s', (_, file) => {
  it.each(QUESTIONS.map((words) => [words.join(' '), words] as const))('proxy-config %s', async (_text, words) => {
    const { ours, theirs } = await answers(words, file);
    expect(ours).toEqual(theirs);
  });
});

describe('a part of a config_dump, of a proxy that rejected updates', () => {
  const questions = QUESTIONS.filter(([command = '']) => !command.startsWith('a'));
  it.each(questions.map((words) => [words.join(' '), words] as const))('proxy-config %s', async (_text, words) => {
    const { ours, theirs } = await answers(words, fixture('config-dump-nacked.json'));
    expect(ours).toEqual(theirs);
  });
});

describe.each(STATUSES)('the clusters of %s', (_, file) => {
  const cluster = 'outbound|80||b.shop.svc.cluster.local';
  const questions = [
    ...inFormats('endpoint'),
    ['endpoints', '--port', '80'],
    ['ep', '--port', '9080', '--status', 'HEALTHY'],
    ['ep', '--address', '10.1.0.2'],
    ['ep', '--cluster', cluster],
    ['ep', '--status', 'draining'],
  ];
  it.each(questions.map((words) => [words.join(' '), words] as const))('proxy-config %s', async (_text, words) => {
    const { ours, theirs } = await answers(words, file);
    expect(ours).toEqual(theirs);
  });
});

describe('extensions', () => {
  it('in short', async () => {
    const { ours, theirs } = await answers(['ecds'], generated);
    expect(ours).toEqual(theirs);
  });

  it.each(['json', 'yaml'])('as %s, but for blanks, which istioctl varies from build to build', async (format) => {
    const { theirs, ours } = await programs.ask(['ec', '-o', format], generated);
    expect(ours.text.replaceAll(/ +/g, ' ')).toBe(theirs.text.replaceAll(/ +/g, ' '));
  });
});
