import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { built, run } from '../launch/run-program.ts';

const reach = (...args: string[]) => run(built('kubectl-reach'), args);
const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/istioctl/${name}`, import.meta.url), 'utf8');

const SNAPSHOT = 'test/fixtures/one-node-bookinfo';
const ENVOY = `${SNAPSHOT}/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy`;
const FILES = ['--file', `${ENVOY}/config_dump.json`, '--file', `${ENVOY}/clusters.json`];
const POD = ['productpage-v1-abc.bookinfo', '--snapshot', SNAPSHOT];

describe('what istioctl prints, from files and from a snapshot', () => {
  it.each([
    [['cluster'], 'cluster.txt'],
    [['listener'], 'listener.txt'],
    [['route'], 'route.txt'],
    [['endpoint'], 'endpoint.txt'],
    [['all', '--with-headers'], 'all.txt'],
  ])('%j', (words, file) => {
    for (const source of [
      FILES,
      FILES.toReversed().flatMap((_, at, all) => (at % 2 === 0 ? [all[at + 1] ?? '', all[at] ?? ''] : [])),
      POD,
    ]) {
      const { status, stdout, stderr } = reach('proxy-config', ...words, ...source);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toBe(fixture(file));
    }
  });

  const digests = fixture('digests.txt')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  it.each(digests)('%s as %s', (command = '', format = '', digest = '') => {
    const { status, stdout } = reach('pc', command, ...FILES, '-o', format);
    expect(status).toBe(0);
    expect(createHash('sha256').update(stdout).digest('hex'), stdout.slice(0, 2000)).toBe(digest);
  });
});

describe('texts, numbers and nested values that JSON and YAML write in different ways', () => {
  it.each([
    ['bootstrap', 'json'],
    ['bootstrap', 'yaml'],
    ['listener', 'json'],
    ['listener', 'yaml'],
  ])('%s as %s', (command, format) => {
    const { stdout } = reach('pc', command, '-f', 'test/fixtures/istioctl/texts.json', '-o', format);
    expect(stdout).toBe(fixture(`texts-${command}.${format}`));
  });
});

describe('filters', () => {
  const rows = (...words: string[]): number =>
    reach('pc', ...words, ...POD)
      .stdout.trim()
      .split('\n').length - 1;

  it.each([
    [['c', '--subset', 'v1', '--direction', 'outbound'], 1],
    [['c', '--fqdn', 'reviews', '--port', '9080'], 5],
    [['c', '--port', '1'], 0],
    [['l', '--port', '15006', '--verbose=false'], 1],
    [['l', '--address', '10.96.0.1', '--type', 'tcp'], 1],
    [['r', '--name', '9080', '--verbose=false'], 1],
    [['ep', '--cluster', 'outbound|9080||reviews.bookinfo.svc.cluster.local'], 3],
    [['ep', '--status', 'degraded'], 0],
  ])('%j leaves %i rows', (words, count) => {
    expect(rows(...words)).toBe(count);
  });
});

describe('pc alone', () => {
  it('is the topic with its help', () => {
    for (const words of [['pc'], ['proxy-config'], ['pc', '--help']]) {
      const { status, stdout, stderr } = reach(...words);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^ {2}proxy-config cluster +Show the clusters of a proxy$/m);
    }
  });

  it('with a word that is no subcommand says what may be meant', () => {
    const { status, stderr } = reach('pc', 'clustr', 'x');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: there is no command "proxy-config clustr"\nDid you mean proxy-config c/);
  });
});

describe('the proxy that is meant', () => {
  it.each([
    ['productpage-v1-abc.bookinfo'],
    ['productpage-v1-abc'],
    ['pod/productpage-v1-abc.bookinfo'],
    ['svc/productpage.bookinfo'],
  ])('%s', (name) => {
    expect(reach('pc', 'c', name, '--snapshot', SNAPSHOT).stdout).toBe(fixture('cluster.txt'));
  });

  it('of a Service with several pods is the first, and the others are named', () => {
    const { stdout, stderr } = reach('pc', 'l', 'svc/reviews', '-n', 'bookinfo', '--snapshot', SNAPSHOT);
    expect(stdout).toBe(reach('pc', 'l', 'reviews-v1-abc.bookinfo', '--snapshot', SNAPSHOT).stdout);
    expect(stderr).toBe(
      'Shown is reviews-v1-abc.bookinfo; svc/reviews also has reviews-v2-abc.bookinfo and reviews-v3-abc.bookinfo.\n',
    );
  });

  it.each([
    [
      ['reviews-v9-abc.bookinfo'],
      'error: no proxy of a pod reviews-v9-abc.bookinfo was captured\nClose names: reviews-v1-abc',
    ],
    [['bogus/x'], 'error: bogus is no kind of object that has proxies\n'],
    [['svc/none'], 'error: there is no Service none with a selector in namespace default\n'],
  ])('%j is none', (words, text) => {
    const { status, stderr } = reach('pc', 'c', ...words, '--snapshot', SNAPSHOT);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('odd input', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'proxy-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer): string => {
    const place = path.join(folder, name);
    writeFileSync(place, content);
    return place;
  };
  const dump = readFileSync(new URL(`../../${ENVOY}/config_dump.json`, import.meta.url));
  const nacked = readFileSync(new URL('../fixtures/envoy/config-dump-unknown-extension.txt', import.meta.url));

  it.each([
    ['nothing', file('empty.json', ''), 'the file is empty'],
    ['a cut off dump', file('cut.json', dump.subarray(0, 90_000)), 'cut off'],
    ['junk', file('junk.json', 'junk'), 'this is text, not a JSON document'],
    ['something behind the dump', file('more.json', Buffer.concat([dump, Buffer.from('x')])), 'text follows the end'],
    ['another document', file('other.json', '{"kind":"Pod"}'), 'it is a Kubernetes object of kind Pod'],
    ['the clusters', `${ENVOY}/clusters.json`, 'is the answer of /clusters?format=json'],
    ['the text of a proxy that cannot print', file('nack.json', nacked), 'names an extension it does not have'],
    ['a folder', folder, 'is a folder'],
    ['no file', path.join(folder, 'none.json'), 'there is nothing at'],
  ])('%s: status 2 and what was found', (_, place, text) => {
    const { status, stdout, stderr } = reach('pc', 'cluster', '-f', place);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]+\n[A-Z][^\n]+\n$/);
    expect(stderr).toContain(text);
  });

  it('a byte order mark is no matter', () => {
    const place = file('bom.json', Buffer.concat([Buffer.from('\ufeff'), dump]));
    expect(reach('pc', 'cluster', '-f', place).stdout).toBe(fixture('cluster.txt'));
  });

  it('an empty object is what /clusters of a proxy without clusters answers', () => {
    const place = file('no-clusters.json', '{}\n');
    expect(reach('pc', 'ep', '-f', place).stdout).toBe('ENDPOINT     STATUS     OUTLIER CHECK     CLUSTER\n');
    expect(reach('pc', 'ep', '-f', place, '-o', 'json').stdout).toBe('[]\n');
    const wide = reach('pc', 'c', '-f', place, '-f', `${ENVOY}/config_dump.json`, '-o', 'wide').stdout;
    expect(wide).toContain('reviews.bookinfo.svc.cluster.local');
  });

  it('a packed dump is unpacked', () => {
    expect(reach('pc', 'cluster', '-f', file('dump.json.gz', gzipSync(dump))).stdout).toBe(fixture('cluster.txt'));
  });

  it.each([
    [['pc', 'c'], 'no proxy is named'],
    [['pc', 'c', 'a', '--kubeconfig', 'no/such/file'], 'no/such/file'],
    [['pc', 'c', 'a', '-f', `${ENVOY}/config_dump.json`], 'a proxy and files are named'],
    [['pc', 'c', '-f', '-', '-f', '-'], 'standard input can hold one file only'],
    [
      ['pc', 'c', '-f', `${ENVOY}/config_dump.json`, '-f', `${ENVOY}/config_dump.json`],
      'are both an answer of /config_dump',
    ],
    [['pc', 'ep', '-f', `${ENVOY}/config_dump.json`], "this needs the proxy's /clusters?format=json"],
    [['pc', 'c', '--port', '70000', '-f', 'x'], '--port: 70000 is no port'],
    [['pc', 'log', 'a', '--reset', '--level', 'debug'], '--level cannot be combined with --reset'],
    [['pc', 'log', 'a', '--level', 'loud'], 'unrecognized logging level: loud'],
  ])('%j is wrong usage', (words, text) => {
    const { status, stderr } = reach(...words);
    expect(status).toBe(2);
    expect(stderr).toContain(text);
  });
});
