/**
 * The proxies of a running mesh: what istioctl's habits show of them live is what it shows from a snapshot and from files, and what the
 * real istioctl shows of the same cluster, apart from docs/istioctl-differences.md.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goProgram } from '../../lab/build/go-modules.ts';
import { attempt } from '../../lab/execute.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { BOOKINFO } from '../../lab/topology/bookinfo.ts';

const PROGRAM = 'dist/kubectl-reach.cjs';
const SIDECAR = 'reviews-v1.bookinfo';
const GATEWAY = 'deploy/istio-ingressgateway.istio-system';

let lab: Lab;
let istioctl: string;
const folder = mkdtempSync(path.join(tmpdir(), 'kubectl-reach-live-'));
const snapshot = path.join(folder, 'snapshot');
const file = (name: string): string => path.join(folder, name);

interface Printed {
  readonly text: string;
  readonly errors: string;
  readonly status: number | null;
}

async function print(program: string, words: readonly string[]): Promise<Printed> {
  const ended = await attempt(program, words, { timeout: 60_000 });
  return { text: ended.stdout.toString(), errors: ended.stderr, status: ended.status };
}

const theirs = (...words: string[]): Promise<Printed> => print(istioctl, ['-c', lab.kubeconfig, ...words]);
const offline = (...words: string[]): Promise<Printed> => print(process.execPath, [PROGRAM, ...words]);
const live = (...words: string[]): Promise<Printed> => offline(...words, '--kubeconfig', lab.kubeconfig);

beforeAll(async () => {
  lab = await startLab(BOOKINFO);
  istioctl = await goProgram('istioctl');
  const scope = ['-A', '--redact', 'none', '--node-access', 'none', '--cluster-name', 'lab', '-o', snapshot];
  const { status, errors } = await live('snapshot', ...scope);
  if (errors.includes('error:')) throw new Error(`no snapshot (exit status ${status}): ${errors}`);
  // istioctl hands on what Envoy says as it came.
  for (const [name, proxy] of [
    ['sidecar.json', SIDECAR],
    ['gateway.json', GATEWAY],
  ] as const) {
    writeFileSync(file(name), (await theirs('pc', 'all', proxy, '-o', 'json')).text);
  }
  return () => lab.stop();
});
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * Without what changes from one look to the next: counters and, of what neither Envoy nor istioctl gives an order to, the order; when a
 * bootstrap was loaded stands in a whole dump alone, which istioctl does not ask for.
 */
function settled(words: readonly string[], text: string): unknown {
  const [command = ''] = words;
  if (words.includes('json')) {
    const value: unknown = JSON.parse(text, (key, member: unknown) =>
      key === 'stats' || (key === 'lastUpdated' && command === 'bootstrap') ? undefined : member,
    );
    return Array.isArray(value) ? value.map((one) => JSON.stringify(one)).toSorted() : value;
  }
  if (words.includes('yaml') && (command === 'endpoint' || command === 'bootstrap')) {
    return text
      .split('\n')
      .filter((line) => !/^ *(?:- )?(?:value|lastUpdated): /.test(line))
      .toSorted();
  }
  return command === 'route' || command === 'listener' || command === 'all' ? text.split('\n').toSorted() : text;
}

/** Levels of the sidecar's loggers, as istioctl shows them. */
const levels = async (): Promise<string> => (await theirs('pc', 'log', SIDECAR)).text;

/** What a program prints when it resets levels that are far from their defaults, and those that Envoy has then. */
async function afterReset(program: typeof live): Promise<{ readonly printed: Printed; readonly left: string }> {
  await live('pc', 'log', SIDECAR, '--level', 'error,http:debug,router:trace,upstream:off');
  const changed = await levels();
  for (const one of ['admin: error', 'http: debug', 'router: trace', 'upstream: off'])
    expect(changed).toContain(`  ${one}\n`);
  const printed = await program('pc', 'log', SIDECAR, '--reset');
  return { printed, left: await levels() };
}

const FORMATS = ['short', 'json', 'yaml'];
const COMMANDS = ['cluster', 'listener', 'route', 'endpoint', 'eds', 'bootstrap', 'secret'];
const REVIEWS = 'reviews.bookinfo.svc.cluster.local';
const inFormats = (...words: string[]): string[][] => FORMATS.map((format) => [...words, '-o', format]);
/** Filters, in the formats in which they are istioctl's: of endpoints in json and yaml it prints those that do not pass, too. */
const FILTERED: readonly (readonly string[])[] = [
  ...inFormats('cluster', '--fqdn', REVIEWS),
  ...inFormats('cluster', '--port', '9080', '--direction', 'outbound'),
  ['cluster', '--fqdn', REVIEWS, '--subset', 'v1'],
  ['cluster', '--fqdn', 'no.such.host'],
  ...inFormats('listener', '--port', '15006'),
  ...inFormats('listener', '--address', '0.0.0.0', '--type', 'HTTP'),
  ['listener', '--verbose=false'],
  ['listener', '--type', 'TCP', '--verbose=false'],
  ...inFormats('route', '--name', '9080'),
  ['route', '--verbose=false'],
  ['route', '--name', 'no such route'],
  ['endpoint', '--status', 'healthy', '--port', '9080'],
  ...inFormats('endpoint', '--cluster', `outbound|9080||${REVIEWS}`),
  ...inFormats('eds', '--cluster', `outbound|9080||${REVIEWS}`),
  ...inFormats('eds', '--status', 'healthy', '--port', '9080'),
  ['all', '--port', '9080'],
  ['all', '--fqdn', REVIEWS, '--name', '9080', '--with-headers'],
];
const QUESTIONS: readonly (readonly [proxy: string, words: readonly string[]])[] = [
  ...[SIDECAR, GATEWAY].flatMap((proxy) =>
    COMMANDS.flatMap((command) => inFormats(command).map((words) => [proxy, words] as const)),
  ),
  ...FILTERED.map((words) => [SIDECAR, words] as const),
  [SIDECAR, ['all']],
  [GATEWAY, ['all', '--with-headers', '--verbose=false']],
];

describe('proxy-config', () => {
  it.each(QUESTIONS)('%s: %j, live, from a snapshot, from files, and as istioctl', async (proxy, words) => {
    const [command = '', ...flags] = words;
    const clusters = `${snapshot}/clusters/lab/pods/bookinfo/reviews-v1/envoy/clusters.json`;
    const dump = file(proxy === SIDECAR ? 'sidecar.json' : 'gateway.json');
    const isFile = command !== 'endpoint' || proxy === SIDECAR;
    const [expected, running, captured, filed] = await Promise.all([
      theirs('proxy-config', command, proxy, ...flags),
      live('pc', command, proxy, ...flags),
      offline('pc', command, proxy, ...flags, '--snapshot', snapshot),
      isFile ? offline('pc', command, '-f', command === 'endpoint' ? clusters : dump, ...flags) : null,
    ]);
    expect(running).toMatchObject({ errors: '', status: 0 });
    expect(settled(words, running.text)).toEqual(settled(words, expected.text));
    expect(settled(words, captured.text)).toEqual(settled(words, running.text));
    expect(settled(words, (filed ?? running).text)).toEqual(settled(words, running.text));
  });

  it.each([
    ['endpoint', SIDECAR, '-o', 'wide', '--service', 'ratings'],
    ['cluster', SIDECAR, '-o', 'reach-json', '--pod', 'ratings-v1.bookinfo'],
    ['listener', '-l', 'app=reviews', '-n', 'bookinfo', '-o', 'wide'],
    ['cluster', '-A'],
    ['listener', 'svc/reviews', '-n', 'bookinfo', '--odd'],
    ['chain', 'cli-a', '-n', 'bookinfo', '--host', 'reviews'],
    ['route', 'match', 'cli-a.bookinfo', '--port', '9080', '--host', 'reviews:9080'],
    ['diff', 'reviews-v1.bookinfo', 'reviews-v2.bookinfo'],
    ['rootca-compare', SIDECAR, 'cli-a.bookinfo'],
  ])('%j, live and from a snapshot', async (...words) => {
    const [running, captured] = await Promise.all([
      live('pc', ...words),
      offline('pc', ...words, '--snapshot', snapshot),
    ]);
    expect(running).toEqual(captured);
    expect(running.text).not.toBe('');
    expect([0, 3]).toContain(running.status);
  });

  it.each([
    ['a pod without a proxy', 'plain.plain', 1, 'there is no Envoy in pod plain/plain'],
    ['a pod that is not there', 'nobody.plain', 1, 'not found'],
    ['a Deployment that is not there', 'deploy/nobody.plain', 2, 'there is no Deployment nobody in namespace plain'],
  ])('%s is told', async (_what, name, expected, says) => {
    const { status, text, errors } = await live('pc', 'cluster', name);
    expect({ status, text }).toEqual({ status: expected, text: '' });
    expect(errors).toMatch(/^error: /);
    expect(errors).toContain(says);
  });

  it('changes levels of loggers on the explicit flag alone, as istioctl reads them', async () => {
    const before = await levels();
    expect((await live('pc', 'log', SIDECAR)).text).toBe(before);
    expect(await levels()).toBe(before);
    const { text } = await live('pc', 'log', SIDECAR, '--level', 'http:debug,router:trace');
    expect(text).toMatch(/^ {2}http: debug$/m);
    expect(text).toMatch(/^ {2}router: trace$/m);
    expect(await levels()).toBe(text);
  });

  it('resets levels of loggers to those to which istioctl resets them', async () => {
    const [expected, own] = [await afterReset(theirs), await afterReset(live)];
    expect(own.left).toBe(expected.left);
    expect(own.printed).toMatchObject({ text: expected.left, errors: '', status: 0 });
    expect(new Set(expected.left.match(/(?<=: )\w+$/gm))).toEqual(new Set(['warning']));
  });
});

describe('proxy-status', () => {
  // istiod gives its proxies in the order of a Go map, and each answer a nonce of its own.
  const lines = (text: string): string[] =>
    text
      .replaceAll(/^ *"?nonce.*\n/gm, '')
      .replaceAll(/,$/gm, '')
      .split('\n')
      .toSorted();

  it.each([[[]], [['-n', 'plain']], [['-o', 'json']], [['-o', 'yaml', '-n', 'bookinfo']]])(
    'of all proxies, over gRPC, as istioctl: %j',
    async (flags) => {
      const [expected, running] = await Promise.all([theirs('ps', ...flags), live('ps', ...flags)]);
      expect(running.errors).toBe('');
      expect(lines(running.text)).toEqual(lines(expected.text));
    },
  );

  it('is the same from a snapshot, with every kind of resource', async () => {
    const ages = /\((?:\d+[smh])+\) */g;
    const [expected, running, captured] = await Promise.all([
      theirs('ps', '-v', '1'),
      live('ps', '-v', '1'),
      offline('ps', '-v', '1', '--snapshot', snapshot),
    ]);
    const words = (text: string): string[] => text.replaceAll(ages, '').split(/\s+/);
    expect(words(running.text)).toEqual(words(expected.text));
    expect(words(captured.text)).toEqual(words(running.text));
  });

  it('of one proxy: what istiod has is what Envoy runs', async () => {
    const { text, status } = await live('ps', SIDECAR);
    expect(text).toBe('Listeners Match\nRoutes Match\nClusters Match\nEndpoints Match\n');
    expect(status).toBe(0);
  });

  it('of one proxy that runs something else', async () => {
    const other = file('other.json');
    writeFileSync(
      other,
      readFileSync(file('sidecar.json'), 'utf8').replaceAll('"connect_timeout": "10s"', '"connect_timeout": "11s"'),
    );
    const { text, status } = await live('ps', SIDECAR, '--file', other);
    expect(text).toContain("Clusters Don't Match");
    expect(text).toContain('Listeners Match');
    expect(status).toBe(3);
  });
});

describe('other commands of istioctl', () => {
  it.each([['-L'], ['mesh'], ['push_status']])('internal-debug %s', async (word) => {
    const [expected, running] = await Promise.all([theirs('x', 'internal-debug', word), live('internal-debug', word)]);
    expect(running.text).toBe(expected.text);
  });

  it('internal-debug --all has each istiod under its name', async () => {
    const { text } = await live('internal-debug', 'syncz', '--all');
    const [name = '', ...others] = Object.keys(JSON.parse(text) as object);
    expect(name).toMatch(/^istiod-/);
    expect(others).toEqual([]);
  });

  it('internal-debug of an endpoint that is none', async () => {
    const { errors, status } = await live('internal-debug', 'nonsense');
    expect(errors).toContain('istiod has no debug endpoint nonsense');
    expect(status).toBe(2);
  });

  it.each(['asked.plain', 'plain.plain', 'opted-out.bookinfo', 'by-revision.revision'])(
    'check-inject %s',
    async (pod) => {
      const [expected, running, captured] = await Promise.all([
        theirs('x', 'check-inject', pod),
        live('check-inject', pod),
        offline('check-inject', pod, '--snapshot', snapshot),
      ]);
      const words = (text: string): string[] => stripVTControlCharacters(text).split(/\s+/);
      expect(words(running.text)).toEqual(words(expected.text));
      expect(running).toEqual(captured);
    },
  );

  it('authz check', async () => {
    const [expected, running] = await Promise.all([
      theirs('x', 'authz', 'check', SIDECAR),
      live('authz', 'check', SIDECAR),
    ]);
    expect(running.text).toBe(expected.text);
  });

  it('ztunnel-config says that no ztunnel runs, which is so in the lab', async () => {
    const { text, errors } = await live('zc', 'workload');
    expect(text).toBe('');
    expect(errors).toContain('no ztunnel runs in the cluster');
  });
});

/** Differences of docs/istioctl-differences.md that only a cluster shows; those of files are in test/conformance/istioctl. */
describe('where istioctl does otherwise', () => {
  it('rootca-compare compares; istioctl cannot read what it has decoded already', async () => {
    const words = ['rootca-compare', SIDECAR, 'cli-a.bookinfo'];
    const [other, own] = await Promise.all([theirs('pc', ...words), live('pc', ...words)]);
    expect(other.status).not.toBe(0);
    expect(own).toMatchObject({ errors: '', status: 0 });
    expect(own.text).toContain('identical ROOTCA');
  });

  it('bootstrap says when it was loaded', async () => {
    const words = ['bootstrap', SIDECAR, '-o', 'json'];
    const [other, own] = await Promise.all([theirs('pc', ...words), live('pc', ...words)]);
    expect(JSON.parse(other.text)).not.toHaveProperty('lastUpdated');
    expect(JSON.parse(own.text)).toHaveProperty('lastUpdated');
  });

  it('names of loggers are compared whole', async () => {
    const words = ['log', SIDECAR, '--level', 'rout:debug'];
    const [other, own] = await Promise.all([theirs('pc', ...words), live('pc', ...words)]);
    expect(other.errors).not.toContain('unrecognized logger name');
    expect(own.errors).toContain('unrecognized logger name: rout');
    expect(own).toMatchObject({ text: '', status: 2 });
  });

  it('reset says nothing of the injector, in whose configuration istioctl looks for a level where there is none', async () => {
    const [other, own] = [await afterReset(theirs), await afterReset(live)];
    expect(other.printed.text + other.printed.errors).toContain('unable to get logLevel from ConfigMap');
    expect(own.printed.text + own.printed.errors).not.toContain('ConfigMap');
  });

  it('a proxy that runs something else ends with status 3', async () => {
    const other = file('differs.json');
    const dump = readFileSync(file('sidecar.json'), 'utf8');
    writeFileSync(other, dump.replaceAll('"connect_timeout": "10s"', '"connect_timeout": "12s"'));
    const words = ['ps', SIDECAR, '--file', other];
    const [theirAnswer, own] = await Promise.all([theirs(...words), live(...words)]);
    expect(theirAnswer.text).toContain("Clusters Don't Match");
    expect([theirAnswer.status, own.status]).toEqual([0, 3]);
  });

  it('check-inject has no colours, and status 3 where nothing is injected', async () => {
    const words = ['check-inject', 'plain.plain'];
    const [other, own] = await Promise.all([theirs('x', ...words), live(...words)]);
    expect(other.text).not.toBe(stripVTControlCharacters(other.text));
    expect(own.text).toBe(stripVTControlCharacters(own.text));
    expect([other.status, own.status]).toEqual([0, 3]);
  });

  it('internal-debug --all has istiods by their pods, which istioctl does not know', async () => {
    // istioctl writes what its client of Kubernetes warns of into the answer.
    const answer = ({ text }: Printed): string => text.replace(/^.*\tklog\t.*\n/gm, '');
    const keys = (printed: Printed): string[] => Object.keys(JSON.parse(answer(printed)) as object);
    const words = ['internal-debug', 'syncz', '--all'];
    const [other, own] = await Promise.all([theirs('x', ...words), live(...words)]);
    expect(keys(other)).toEqual(['MISSING']);
    expect(keys(own)[0]).toMatch(/^istiod-/);
  });
});
