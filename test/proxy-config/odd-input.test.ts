/** Every part of a proxy, asked of files that are not what they should be: one sentence that says what was found, and what to do. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/collect/input-error.ts';
import { QuestionError } from '../../src/explain/question/question-input.ts';
import {
  askProxies,
  compareRoots,
  showAll,
  showAssignments,
  showAuthorization,
  showBootstrap,
  showChains,
  showClusters,
  showDiff,
  showEndpoints,
  showExtensions,
  showListeners,
  showLoggers,
  showRouteMatch,
  showRoutes,
  showSecrets,
} from '../../src/proxy-config.ts';
import type { Proxies } from '../../src/proxy-config/open-proxies.ts';
import { openZtunnel } from '../../src/ztunnel-config.ts';
import { NO_CLUSTER } from './no-cluster.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const none = { selection: {} };
const short = { format: 'short', odd: false } as const;
const live = NO_CLUSTER;

const input = (file: string) => ({ target: null, namespace: null, files: [file], snapshots: [], live });
const ofDump = (show: (proxies: Proxies) => unknown) => (file: string) =>
  askProxies(input(file), ['config-dump'], async (proxies) => {
    await show(proxies);
    proxies.check();
  });
const filter = {
  cluster: { fqdn: null, ...none },
  listener: { type: null, ...none },
  route: { name: null, ...none },
  endpoint: { cluster: null, ...none },
};
const REQUEST = { description: { host: 'a' }, port: null, name: null };

/** What reads a config_dump. */
const OF_DUMP: readonly (readonly [string, (file: string) => Promise<unknown>])[] = [
  ['cluster', ofDump((proxies) => showClusters(proxies, filter.cluster, short))],
  ['cluster -o wide', ofDump((proxies) => showClusters(proxies, filter.cluster, { ...short, format: 'wide' }))],
  ['listener', ofDump((proxies) => showListeners(proxies, filter.listener, true, short))],
  ['route', ofDump((proxies) => showRoutes(proxies, filter.route, true, short))],
  ['eds', ofDump((proxies) => showAssignments(proxies, filter.endpoint, short))],
  ['bootstrap', ofDump((proxies) => showBootstrap(proxies, { ...short, format: 'json' }))],
  ['secret', ofDump((proxies) => showSecrets(proxies, NOW, short))],
  ['ecds', ofDump((proxies) => showExtensions(proxies, short))],
  ['all', ofDump((proxies) => showAll(proxies, filter, { verbose: true, withHeaders: false }, NOW, 'short'))],
  [
    'chain',
    ofDump((proxies) => showChains(proxies, { listener: null, cluster: null, host: null, path: null, ...none }, short)),
  ],
  ['route match', ofDump((proxies) => showRouteMatch(proxies, REQUEST, 'short'))],
  ['authz check', ofDump((proxies) => showAuthorization(proxies, { format: 'short', odd: false }))],
  ['diff', (file) => showDiff({ sides: [file, file], namespace: null, snapshots: [], live }, 'short')],
  [
    'rootca-compare',
    (file) => compareRoots({ sides: [], namespace: null, snapshots: [], files: [file, file], live }, 'short'),
  ],
];
const ENDPOINT = [
  'endpoint',
  (file: string) => askProxies(input(file), ['clusters'], (proxies) => showEndpoints(proxies, filter.endpoint, short)),
] as const;
const ZTUNNEL = [
  'ztunnel-config',
  (file: string) =>
    openZtunnel({ target: null, namespace: null, file, snapshots: [], node: null, istioNamespace: null, live }),
] as const;
const log = (file: string): Promise<string> =>
  showLoggers(
    { target: null, namespace: null, selector: null, admin: null, file, change: { level: null, reset: false }, live },
    'short',
  );

const folder = mkdtempSync(path.join(tmpdir(), 'odd-input-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const file = (content: string | Buffer): string => {
  const place = path.join(folder, String((count += 1)));
  writeFileSync(place, content);
  return place;
};
const ENVOY = new URL(
  '../fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/',
  import.meta.url,
);
const dump = readFileSync(new URL('config_dump.json', ENVOY));
const clusters = readFileSync(new URL('clusters.json', ENVOY));
const nacked = readFileSync(new URL('../fixtures/envoy/config-dump-unknown-extension.txt', import.meta.url));

const ODD: readonly (readonly [what: string, path: string, says: string])[] = [
  ['nothing', file(''), 'the file is empty'],
  ['blanks', file(' \n'), 'the file is empty'],
  ['a dump that is cut off', file(dump.subarray(0, 90_000)), 'cut off'],
  ['clusters that are cut off', file(clusters.subarray(0, 20_000)), 'cut off'],
  ['junk', file('junk'), 'this is text, not a JSON document'],
  ['binary data', file(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0])), 'this is binary data'],
  ['damaged gzip', file(gzipSync(dump).subarray(0, 3000)), 'compressed with gzip, but damaged or cut off'],
  ['text behind the dump', file(Buffer.concat([dump, Buffer.from('x')])), 'text follows the end'],
  ['a Kubernetes object', file('{"kind":"Pod"}'), 'it is a Kubernetes object of kind Pod'],
  ['a list', file('[]'), 'it is an array'],
  ['an empty object', file('{}'), 'it is an empty object'],
  ['the text of a proxy that cannot print', file(nacked), 'names an extension it does not have'],
  ['a folder', folder, 'is a folder'],
  ['no file', path.join(folder, 'none'), 'there is nothing at'],
];

async function refusal(ask: () => Promise<unknown>): Promise<string> {
  const error: unknown = await ask().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error === undefined || error instanceof QuestionError || error instanceof InputError, String(error)).toBe(
    true,
  );
  const { message, remedies } = told(error);
  expect(message).not.toContain('\n');
  expect(remedies.length).toBeGreaterThan(0);
  return message;
}

/** What a person is told: what was found, and what to do. */
function told(error: unknown): { readonly message: string; readonly remedies: readonly string[] } {
  if (error instanceof QuestionError) return { message: error.message, remedies: error.hints };
  if (error instanceof InputError) return { message: error.message, remedies: [error.remedy] };
  return { message: 'nothing was refused', remedies: [''] };
}

describe.each([...OF_DUMP, ENDPOINT, ZTUNNEL])('%s of', (command, ask) => {
  const own = new Set(['a Kubernetes object', 'a list', 'an empty object', 'the text of a proxy that cannot print']);
  const odd = command === 'ztunnel-config' ? ODD.filter(([what]) => !own.has(what)) : ODD;
  it.each(odd)('%s', async (_, place, says) => {
    expect(await refusal(() => ask(place))).toContain(says);
  });
});

it.each(OF_DUMP)('%s of an answer of /clusters names it', async (_, ask) => {
  expect(await refusal(() => ask(file(clusters)))).toContain('is the answer of /clusters?format=json');
});

it('endpoint of a config_dump names it', async () => {
  expect(await refusal(() => ENDPOINT[1](file(dump)))).toContain('is the answer of /config_dump');
});

it.each([
  ['nothing', file('')],
  ['a config_dump', file(dump)],
  ['a folder', folder],
  ['no file', path.join(folder, 'none')],
])('log of %s', async (_, place) => {
  expect(await refusal(() => log(place))).not.toBe('nothing was refused');
});

it.each(['{"kind":"Pod"}', '[]', '{}'])('ztunnel-config of %s', async (text) => {
  expect(await refusal(() => ZTUNNEL[1](file(text)))).toContain("this is not the answer of a ztunnel's /config_dump");
});
