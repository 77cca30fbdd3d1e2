/**
 * Every command that reads an answer of a proxy, in every format, given files that are not what they should be: status 2, nothing on
 * standard output, one line that says what was found and one that says what to do.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BaseCommand } from '../../src/cli/base-command.ts';
import { allFlags } from '../../src/cli/catalogue.ts';
import { reportError } from '../../src/cli/error-report.ts';
import { loadConfig } from '../../src/cli/oclif-config.ts';

const COMMANDS = new URL('../../commands/', import.meta.url);
const ABOUT_PROXIES = /^(?:proxy-config|ztunnel-config|authz)\/|^proxy-status\.ts$/;
const classes: Readonly<Record<string, typeof BaseCommand>> = Object.fromEntries(
  await Promise.all(
    readdirSync(COMMANDS, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll(path.sep, '/'))
      .filter((file) => ABOUT_PROXIES.test(file) && file.endsWith('.ts'))
      .map(async (file): Promise<[string, typeof BaseCommand]> => {
        const module = (await import(new URL(file, COMMANDS).href)) as { default: typeof BaseCommand };
        return [file.replace(/\.ts$/, '').replaceAll('/', ':'), module.default];
      }),
  ),
);
const config = await loadConfig(classes);

const folder = mkdtempSync(path.join(tmpdir(), 'odd-files-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const file = (content: string | Buffer): string => {
  const place = path.join(folder, String((count += 1)));
  writeFileSync(place, content);
  return place;
};
const fixture = (name: string): Buffer => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const ENVOY = 'one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy';
const dump = fixture(`${ENVOY}/config_dump.json`);
const clusters = fixture(`${ENVOY}/clusters.json`);
const ztunnel = fixture('ztunnel/config_dump.json');
const istiodDump = file(fixture('envoy/config-dump-istiod.json'));
const [dumpFile, clustersFile] = [file(dump), file(clusters)];
/** What a real Envoy answers that has no clusters (test/conformance/envoy/admin.test.ts). */
const noClusters = file('{}\n');

/** What a command reads, and the words with which it is asked to. */
interface Reader {
  readonly reads: 'config_dump' | 'clusters' | 'ztunnel' | 'logging';
  readonly words: (place: string) => readonly string[];
}
const plain =
  (reads: Reader['reads']) =>
  (...more: string[]): Reader => ({ reads, words: (place) => ['--file', place, ...more] });
const [ofDump, ofZtunnel] = [plain('config_dump'), plain('ztunnel')];
const READERS: Readonly<Record<string, readonly Reader[]>> = {
  'authz:check': [ofDump()],
  'proxy-config:all': [ofDump()],
  'proxy-config:bootstrap': [ofDump()],
  'proxy-config:chain': [ofDump()],
  'proxy-config:cluster': [ofDump()],
  'proxy-config:diff': [
    { reads: 'config_dump', words: (place) => [place, dumpFile] },
    { reads: 'config_dump', words: (place) => [dumpFile, place] },
  ],
  'proxy-config:ecds': [ofDump()],
  'proxy-config:eds': [ofDump()],
  'proxy-config:endpoint': [plain('clusters')()],
  'proxy-config:listener': [ofDump()],
  'proxy-config:log': [plain('logging')()],
  'proxy-config:rootca-compare': [ofDump('--file', dumpFile)],
  'proxy-config:route': [ofDump()],
  'proxy-config:route-match': [ofDump('--host', 'reviews:9080')],
  'proxy-config:secret': [ofDump()],
  'proxy-status': [
    ofDump('--istiod-file', istiodDump),
    { reads: 'config_dump', words: (place) => ['--istiod-file', place, '--file', dumpFile] },
  ],
  'ztunnel-config:all': [ofZtunnel()],
  'ztunnel-config:certificate': [ofZtunnel()],
  'ztunnel-config:connections': [ofZtunnel()],
  'ztunnel-config:policy': [ofZtunnel()],
  'ztunnel-config:service': [ofZtunnel()],
  'ztunnel-config:workload': [ofZtunnel()],
};
/** It asks running ztunnels alone. */
const WITHOUT_FILES = ['ztunnel-config:log'];

/** Of no program. */
const NOTHING: readonly (readonly [what: string, place: string, says: string])[] = [
  ['nothing', file(''), 'is empty'],
  ['blanks', file(' \n'), 'is empty'],
  ['junk', file('junk'), 'this is text'],
  ['binary data', file(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0])), 'this is binary data'],
  ['damaged gzip', file(gzipSync(dump).subarray(0, 3000)), 'compressed with gzip, but damaged or cut off'],
  ['junk in gzip', file(gzipSync('junk')), 'this is text'],
  ['junk with a byte order mark', file('\ufeffjunk'), 'this is text'],
  ['a folder', folder, 'is a folder'],
  ['no file', path.join(folder, 'none'), 'there is nothing at'],
];
const OTHERS: readonly (readonly [what: string, place: string, says: string])[] = [
  ['a Kubernetes object', file('{"kind":"Pod"}'), 'it is a Kubernetes object of kind Pod'],
  ['a list', file('[]'), 'it is an array'],
  [
    'the text of a proxy that cannot print',
    file(fixture('envoy/config-dump-unknown-extension.txt')),
    'names an extension it does not have',
  ],
];
const ODD: Readonly<Record<Reader['reads'], typeof NOTHING>> = {
  config_dump: [
    ...NOTHING,
    ...OTHERS,
    ['a dump that is cut off', file(dump.subarray(0, 90_000)), 'cut off'],
    ['a dump that is cut off, in gzip', file(gzipSync(dump.subarray(0, 90_000))), 'cut off'],
    ['text behind the dump', file(Buffer.concat([dump, Buffer.from('x')])), 'text follows the end'],
    [
      'an empty object',
      noClusters,
      'is an empty object, the answer of /clusters?format=json of a proxy without clusters',
    ],
    ['the clusters', clustersFile, 'is the answer of /clusters?format=json'],
    ["a ztunnel's dump", file(ztunnel), 'it is that of a ztunnel'],
  ],
  clusters: [
    ...NOTHING,
    ...OTHERS,
    ['clusters that are cut off', file(clusters.subarray(0, 20_000)), 'cut off'],
    ['a config_dump', dumpFile, 'is the answer of /config_dump'],
  ],
  ztunnel: [
    ...NOTHING,
    ['a dump that is cut off', file(ztunnel.subarray(0, 2000)), 'cut off'],
    ['text behind the dump', file(Buffer.concat([ztunnel, Buffer.from('x')])), 'text follows the end'],
    ['the dump of an Envoy', dumpFile, 'it is that of an Envoy'],
    ['a list', file('[]'), "this is not the answer of a ztunnel's /config_dump"],
    ['an empty object', file('{}'), "this is not the answer of a ztunnel's /config_dump"],
  ],
  logging: [
    ...NOTHING.map(
      ([what, place, says]) => [what, place, /gzip, but|folder|there is/.test(says) ? says : '/logging'] as const,
    ),
    ['a config_dump', dumpFile, '/logging'],
  ],
};

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = 0;
});

async function refusal(id: string, words: readonly string[]): Promise<string> {
  const error: unknown = await classes[id]?.start(words, config).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, 'it was not refused').toBeDefined();
  const { text, status } = reportError(error, false);
  expect({ status, printed }, text).toEqual({ status: 2, printed: '' });
  expect(text).toMatch(/^error: [^\n]+\n[A-Z][^\n]+\n$/);
  return text;
}

/** What `-o` may ask for. */
function formatsOf(id: string): readonly string[] {
  const flag = Object.values(classes[id] === undefined ? {} : allFlags(classes[id])).find(({ char }) => char === 'o');
  return flag?.type === 'option' ? (flag.options ?? []) : [];
}

it('no command that reads files is left out', () => {
  expect(Object.keys(classes).toSorted()).toEqual([...Object.keys(READERS), ...WITHOUT_FILES].toSorted());
});

const cases = Object.entries(READERS).flatMap(([id, readers]) =>
  readers.flatMap((reader, at) => {
    const formats = formatsOf(id).filter((format) => id !== 'proxy-status' || !['json', 'yaml'].includes(format));
    return formats.map(
      (format) =>
        [`${id.replace(':', ' ')}${at === 0 ? '' : ' (the other)'} -o ${format}`, id, reader, format] as const,
    );
  }),
);

/** More than is parsed at once, printed as Envoy prints, with a cluster that is no JSON. */
const faulty = file(
  JSON.stringify(
    {
      configs: [
        {
          '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
          dynamic_active_clusters: Array.from({ length: 60_000 }, (_, at) => ({ cluster: { name: `cluster-${at}` } })),
        },
      ],
    },
    null,
    1,
  ).replace('"cluster-20000"', '"cluster-20000" 7'),
);

it.each([
  ['proxy-config:cluster', ['--file', faulty]],
  ['proxy-config:diff', [faulty, faulty]],
  ['proxy-status', ['--file', faulty, '--istiod-file', faulty]],
])('%s of a large dump with a fault inside', async (id, words) => {
  expect(await refusal(id, words)).toContain('this value is no JSON');
});

/** Our own forms show the endpoints of either answer. */
const EITHER = new Set(['proxy-config:endpoint', 'proxy-config:eds']);

describe.each(cases)('%s of', (_, id, { reads, words }, format) => {
  const isEnough = EITHER.has(id) && !['short', 'json', 'yaml'].includes(format);
  it.each(ODD[reads].filter(([, place]) => !isEnough || ![dumpFile, clustersFile, noClusters].includes(place)))(
    '%s',
    async (_what, place, says) => {
      expect(await refusal(id, [...words(place), '-o', format])).toContain(says);
    },
  );
});
