/** What istioctl does not have: wide tables, filters, several proxies, chains, route match, diff; and its commands beside proxy-config. */
import { createServer, type Server } from 'node:http';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { built, environment, NODE, run } from '../launch/run-program.ts';

const reach = (...args: string[]) => run(built('kubectl-reach'), args);
const SNAPSHOT = ['--snapshot', 'test/fixtures/one-node-bookinfo'];
const POD = ['productpage-v1-abc.bookinfo', ...SNAPSHOT];
const items = (...words: string[]): Record<string, unknown>[] =>
  (JSON.parse(reach(...words, '-o', 'reach-json').stdout) as { items: Record<string, unknown>[] }).items;

describe('filters', () => {
  it.each<readonly [words: readonly string[], count: number]>([
    [['c', '--service', 'reviews'], 5],
    [['c', '--service', 'reviews.bookinfo'], 5],
    [['c', '--service', 'reviews.default'], 0],
    [['c', '--subset', 'v'], 0],
    [['c', '--subset', 'v?'], 0],
    [['c', '--subset', 'v*'], 4],
    [['c', '--subset', '/^v[12]$/'], 2],
    [['c', '--pod', 'reviews-v2-abc'], 2],
    [['c', '--pod', 'reviews-v2-abc.bookinfo', '--subset', 'v2'], 1],
    [['c', '--address', '10.244.1.12'], 2],
    [['c', '--direction', 'inbound'], 1],
    [['l', '--service', 'reviews'], 2],
    [['l', '--direction', 'inbound'], 1],
    [['r', '--service', 'reviews', '--name', '9080'], 4],
    [['ep', '--pod', 'reviews-v3-abc'], 2],
    [['ep', '--node', 'nowhere'], 0],
    [['ep', '--status', 'ejected'], 0],
  ])('%j leaves %i', (words, count) => {
    const [command = '', ...flags] = words;
    expect(items('pc', command, ...POD, ...flags)).toHaveLength(count);
  });

  it('filter in the formats of istioctl, too', () => {
    const clusters = JSON.parse(reach('pc', 'c', ...POD, '--pod', 'reviews-v2-abc', '-o', 'json').stdout) as {
      name: string;
    }[];
    expect(clusters.map(({ name }) => name)).toEqual([
      'outbound|9080||reviews.bookinfo.svc.cluster.local',
      'outbound|9080|v2|reviews.bookinfo.svc.cluster.local',
    ]);
  });
});

describe('endpoints of both answers', () => {
  it('tell pod, node, zone and the condition of the slice', () => {
    const [one] = items('pc', 'ep', ...POD, '--subset', 'v2');
    expect(one).toMatchObject({
      endpoint: '10.244.1.12:9080',
      pod: 'reviews-v2-abc.bookinfo',
      node: 'node1',
      zone: 'zone-a',
      sliceCondition: 'ready',
      sources: ['config_dump', 'clusters'],
    });
  });
});

describe('a config_dump without endpoints', () => {
  const FILE = ['-f', 'test/fixtures/istioctl/texts.json'];
  it.each([
    ['eds', 'short'],
    ['eds', 'json'],
    ['eds', 'wide'],
    ['endpoint', 'wide'],
    ['endpoint', 'reach-json'],
  ])('%s -o %s says so beside an empty answer', (command, format) => {
    const { stderr, status } = reach('pc', command, ...FILE, '-o', format);
    expect({ stderr, status }).toEqual({
      stderr: `${FILE[1]} was captured without endpoints: capture /config_dump?include_eds=true.\n`,
      status: 0,
    });
  });
});

describe('what a proxy rejected', () => {
  const FILE = ['-f', 'test/fixtures/envoy/config-dump-nacked.json'];
  const REASON = "unable to open file '/dev/stdout': Permission denied";
  const BESIDE = new RegExp(`^The proxy rejected an update of listener .*: ${REASON}$`, 'm');

  it.each<readonly [command: string, format: string, where: 'stdout' | 'stderr', says: RegExp]>([
    ['listener', 'short', 'stderr', BESIDE],
    ['listener', 'wide', 'stdout', new RegExp(` REJECTED: ${REASON}`)],
    ['chain', 'short', 'stderr', BESIDE],
    ['chain', 'short', 'stdout', /^\S+ \(REJECTED\) /m],
    ['chain', 'wide', 'stdout', new RegExp(` REJECTED: ${REASON}`)],
    ['all', 'short', 'stderr', BESIDE],
    ['all', 'wide', 'stdout', new RegExp(` REJECTED: ${REASON}`)],
  ])('%s -o %s says so, and why, on %s', (command, format, where, says) => {
    expect(reach('pc', command, ...FILE, '-o', format)[where]).toMatch(says);
  });

  it.each(['json', 'yaml'])('listener -o %s stands beside it', (format) => {
    expect(reach('pc', 'l', ...FILE, '-o', format).stderr).toMatch(BESIDE);
  });

  it.each(['listener', 'chain', 'all'])('%s -o reach-json has the reason', (command) => {
    expect(reach('pc', command, ...FILE, '-o', 'reach-json').stdout).toContain(
      `"state": "rejected",\n      "rejection": {\n        "reason": "${REASON}"`,
    );
  });

  it('others can be left out', () => {
    const wide = reach('pc', 'l', ...FILE, '-o', 'wide', '--status', 'rejected')
      .stdout.trimEnd()
      .split('\n');
    expect(wide.slice(1).every((line) => line.includes('REJECTED: '))).toBe(true);
    expect(wide.length).toBeGreaterThan(1);
  });
});

describe('all', () => {
  it('as a wide table and reach-json is what the parts are', () => {
    const document = JSON.parse(reach('pc', 'all', ...POD, '-o', 'reach-json').stdout) as Record<string, unknown>;
    for (const [kind, command] of [
      ['clusters', 'c'],
      ['listeners', 'l'],
      ['endpoints', 'eds'],
    ] as const) {
      expect(document[kind]).toEqual(items('pc', command, ...POD));
    }
    const wide = reach('pc', 'all', ...POD, '-o', 'wide').stdout;
    expect(wide).toContain(reach('pc', 'r', ...POD, '-o', 'wide').stdout);
  });
});

describe('several proxies', () => {
  it('with all are what they are part by part', () => {
    const several = ['svc/reviews.bookinfo', '--replicas', ...SNAPSHOT];
    for (const more of [[], ['--odd']]) {
      const text = reach('pc', 'all', ...several, ...more, '--with-headers').stdout;
      const parts = text.split(/^------ ([A-Z]+) INFO ------\n\n/m);
      // `all` has names of its own for clusters, listeners and routes.
      expect(parts[parts.indexOf('BOOTSTRAP') + 1]).toBe(
        `${reach('pc', 'b', ...several, ...more, '-o', 'short').stdout}\n`,
      );
      expect(parts[parts.indexOf('CLUSTER') + 1]).toMatch(
        more.length === 0 ? /^PROXY +NAME +SERVICE FQDN .*\nreviews-v1-abc\.bookinfo /m : /^All 3 proxies agree\.$/m,
      );
      const wide = reach('pc', 'all', ...several, ...more, '-o', 'wide').stdout;
      expect(wide).toContain(reach('pc', 'eds', ...several, ...more, '-o', 'wide').stdout);
      const document = JSON.parse(reach('pc', 'all', ...several, ...more, '-o', 'reach-json').stdout) as object;
      expect(Reflect.get(document, 'endpoints')).toEqual(items('pc', 'eds', ...several, ...more));
    }
  });

  it('with all and --odd have headings, that it be told what agrees, unless they are refused', () => {
    const odd = ['pc', 'all', 'svc/reviews.bookinfo', '--replicas', ...SNAPSHOT, '--odd'];
    expect(reach(...odd).stdout).toMatch(/^------ BOOTSTRAP INFO ------\n/m);
    expect(reach(...odd).stdout).toMatch(/^------ CLUSTER INFO ------\n\nAll 3 proxies agree\.$/m);
    expect(reach(...odd, '--no-with-headers').stdout).not.toContain('INFO');
    expect(reach('pc', 'all', 'svc/reviews.bookinfo', '--replicas', ...SNAPSHOT).stdout).not.toContain('INFO');
  });

  it('with all as JSON and YAML are members of one object, with --odd what only some have', () => {
    const several = ['pc', 'all', 'svc/reviews.bookinfo', '--replicas', ...SNAPSHOT];
    const document = JSON.parse(reach(...several, '-o', 'json').stdout) as Record<string, unknown>;
    expect(Object.keys(document)).toEqual([1, 2, 3].map((version) => `reviews-v${version}-abc.bookinfo`));
    expect(document['reviews-v2-abc.bookinfo']).toEqual(
      JSON.parse(reach('pc', 'all', 'reviews-v2-abc.bookinfo', ...SNAPSHOT, '-o', 'json').stdout),
    );
    const odd = JSON.parse(reach(...several, '--odd', '-o', 'json').stdout) as Record<string, { configs: object[] }>;
    const lists = (odd['reviews-v1-abc.bookinfo']?.configs ?? []).map((section) => [
      String(Reflect.get(section, '@type')).replace(/.*\./, ''),
      Object.values(section).flatMap((list: unknown) => (Array.isArray(list) ? list : [])).length,
    ]);
    expect(Object.fromEntries(lists)).toMatchObject({ ClustersConfigDump: 0, EndpointsConfigDump: 1 });
    const yaml = reach(...several, '--odd', '-o', 'yaml').stdout;
    expect(yaml.match(/^reviews-v\d-abc\.bookinfo:$/gm)).toHaveLength(3);
    expect(yaml.match(/^ +- endpoint_config:$/gm)).toHaveLength(3);
  });

  it('have a column that says whose a row is', () => {
    const { stdout } = reach('pc', 'c', 'svc/reviews.bookinfo', '--replicas', ...SNAPSHOT);
    expect(stdout).toMatch(/^PROXY +SERVICE FQDN/);
    expect(
      new Set(
        stdout
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.split(' ')[0]),
      ),
    ).toEqual(new Set(['reviews-v1-abc.bookinfo', 'reviews-v2-abc.bookinfo', 'reviews-v3-abc.bookinfo']));
  });

  it('by labels and all of them', () => {
    const names = (...words: string[]) => new Set(items('pc', 'c', ...words, ...SNAPSHOT).map(({ proxy }) => proxy));
    expect(names('-l', 'app=reviews', '-n', 'bookinfo').size).toBe(3);
    expect(names('-A').size).toBe(5);
    expect(names('-A', '-n', 'istio-system')).toEqual(new Set(['istio-ingressgateway-abc.istio-system']));
  });

  it('--odd leaves what all have out', () => {
    expect(items('pc', 'c', 'svc/reviews.bookinfo', '--odd', ...SNAPSHOT)).toEqual([]);
    expect(reach('pc', 'c', 'svc/reviews.bookinfo', '--odd', ...SNAPSHOT).stdout).toBe('All 3 proxies agree.\n');
    expect(reach('pc', 'c', ...POD, '--odd').stdout).toContain('no other is compared');
    const odd = items('pc', 'eds', 'svc/reviews.bookinfo', '--odd', ...SNAPSHOT).map(({ cluster }) => cluster);
    expect(new Set(odd)).toContain('inbound|9080||');
    expect(odd).not.toContain('outbound|9080||details.bookinfo.svc.cluster.local');
  });

  it('--odd leaves the same in every format; how busy an endpoint is makes no difference', () => {
    const odd = (command: string, format: string): string =>
      reach('pc', command, '-l', 'app=reviews', '-n', 'bookinfo', ...SNAPSHOT, '--odd', '-o', format).stdout;
    for (const command of ['endpoint', 'eds']) {
      for (const format of ['short', 'wide', 'json', 'yaml', 'reach-json']) {
        const text = odd(command, format);
        const clusters = new Set(
          text.match(/(?:inbound|outbound)\|\d+\|[^|]*\|(?:[a-z][\w.-]*)?|(?:Pass|Black)\w+Cluster|xds-grpc/g),
        );
        expect([...clusters], `${command} ${format}`).toEqual(['inbound|9080||']);
      }
    }
  });
});

describe('chain', () => {
  it('joins listener, route, cluster, endpoints and the objects behind them', () => {
    const rows = items('pc', 'chain', ...POD, '--port', '9080', '--host', 'reviews:9080', '--direction', 'outbound');
    expect(rows.map(({ route, subset, weight }) => [route, subset, weight])).toEqual([
      ['jason', 'v2', null],
      ['faulty', 'v1', null],
      ['dangling', 'v9-empty', null],
      ['weighted', 'v1', 0.5],
      ['weighted', 'v2', 0.3],
      ['weighted', 'v3', 0.2],
    ]);
    expect(rows[0]).toMatchObject({
      listener: '0.0.0.0_9080',
      services: ['reviews.bookinfo'],
      virtualService: 'reviews.bookinfo',
      destinationRule: 'reviews.bookinfo',
      endpoints: { healthy: 1, total: 1 },
      addresses: ['10.244.1.12:9080'],
    });
  });

  it('says that the proxy lacks a cluster', () => {
    const rows = items(
      'pc',
      'chain',
      ...POD,
      '--listener',
      '0.0.0.0_80',
      '--host',
      'reviews.bookinfo.svc.cluster.local',
    );
    expect(rows.every(({ clusterKnown, endpoints }) => clusterKnown === false && endpoints === null)).toBe(true);
  });
});

describe('route match', () => {
  const ask = (...words: string[]) =>
    reach('pc', 'route', 'match', ...POD, '--port', '9080', '--host', 'reviews:9080', ...words);

  it('takes the route that envoy-request takes, and says why not the ones before it', () => {
    const dump = 'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/config_dump.json';
    for (const [path, header] of [
      ['/reviews/1', 'end-user: jason'],
      ['/reviews/1', 'x-fault: abort'],
      ['/dangling/x', 'a: b'],
      ['/', 'a: b'],
    ] as const) {
      const { stdout, status } = ask('--path', path, '-H', header, '-o', 'reach-json');
      expect(status).toBe(0);
      const { routes } = (
        JSON.parse(stdout) as { items: { routes: { name: string; result: string; reasons: string[] }[] }[] }
      ).items[0] ?? { routes: [] };
      const taken = routes.findIndex(({ result }) => result === 'taken');
      const request = [
        '--address',
        '10.96.1.12:9080',
        '--host',
        'reviews:9080',
        '--path',
        path,
        '-H',
        header,
        '-o',
        'json',
      ];
      const { outcomes } = JSON.parse(reach('envoy-request', '--file', dump, ...request).stdout) as {
        outcomes: { route: string }[];
      };
      expect(routes[taken]?.name).toBe(outcomes[0]?.route);
      for (const { result, reasons } of routes.slice(0, taken)) {
        expect(result).toBe('missed');
        expect(reasons.join()).toMatch(/^wants /);
      }
      expect(routes.slice(taken + 1).every(({ result }) => result === 'after')).toBe(true);
    }
  });

  it.each<readonly [words: readonly string[], text: string, status: number]>([
    [['--method', 'CONNECT'], 'wants a path; CONNECT has none', 3],
    [['--name', '908'], 'no listener leads to a route configuration 908', 2],
    [['-H', 'x'], '-H wants', 2],
  ])('%j', (words, text, status) => {
    const answer = ask(...words);
    expect(answer.stdout + answer.stderr).toContain(text);
    expect(answer.status).toBe(status);
  });
});

describe('diff', () => {
  it('of a proxy with itself finds nothing, of two finds what differs', () => {
    const same = reach('pc', 'diff', ...SNAPSHOT, ...SNAPSHOT, 'reviews-v1-abc.bookinfo');
    expect(same.status).toBe(0);
    expect(same.stdout).toContain('Listeners match\nRoutes match\nClusters match\nEndpoints match\n');
    const other = reach('pc', 'diff', 'reviews-v1-abc.bookinfo', 'reviews-v2-abc.bookinfo', ...SNAPSHOT);
    expect(other.status).toBe(3);
    expect(other.stdout).toContain('Clusters match\nEndpoints differ\n  ~ inbound|9080||\n');
  });

  it('of two files, of a file and a proxy, and of two snapshots', () => {
    const [one, other] = ['reviews-v1-abc', 'reviews-v2-abc'].map(
      (pod) => `test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/${pod}/envoy/config_dump.json`,
    );
    expect(reach('pc', 'diff', `${one}`, `${one}`).status).toBe(0);
    expect(reach('pc', 'diff', `${one}`, 'reviews-v1-abc.bookinfo', ...SNAPSHOT).status).toBe(0);
    const files = reach('pc', 'diff', `${one}`, `${other}`);
    expect(files.status).toBe(3);
    expect(files.stdout).toContain('Endpoints differ\n  ~ inbound|9080||\n');
    const snapshots = reach('pc', 'diff', ...SNAPSHOT, '--snapshot', 'samples/istio-bookinfo');
    expect(snapshots.status).toBe(3);
    expect(snapshots.stdout).toMatch(/^Only the (?:first|second) snapshot has /m);
  });

  it('of dumps that lack a part is not known', () => {
    const file = 'test/fixtures/istioctl/texts.json';
    const { stdout, status } = reach('pc', 'diff', file, file);
    expect(status).toBe(4);
    expect(stdout).toContain('Listeners match\n');
    expect(stdout).toContain('Endpoints cannot be compared: neither was captured with them\n');
  });

  it('needs two sides', () => {
    expect(reach('pc', 'diff', 'reviews-v1-abc.bookinfo', ...SNAPSHOT)).toMatchObject({ status: 2 });
  });
});

describe('the commands beside proxy-config', () => {
  const ztunnel = (name: string): string =>
    readFileSync(new URL(`../fixtures/ztunnel/${name}`, import.meta.url), 'utf8');
  it.each(['workload', 'service', 'policy', 'connections'])('ztunnel-config %s prints what istioctl prints', (name) => {
    const { stdout, stderr } = reach('zc', name, '-f', 'test/fixtures/ztunnel/config_dump.json');
    expect(stderr).toBe('');
    expect(stdout).toBe(ztunnel(`${name}.txt`));
  });

  it.each(['service', 'policy', 'connections'])('ztunnel-config %s as JSON, too', (name) => {
    expect(reach('zc', name, '-f', 'test/fixtures/ztunnel/config_dump.json', '-o', 'json').stdout).toBe(
      ztunnel(`${name}.json`),
    );
  });

  it('ztunnel-config refuses the dump of an Envoy', () => {
    const { status, stderr } = reach('zc', 'all', '-f', 'test/fixtures/envoy/config-dump-nacked.json');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('it is that of an Envoy') as string,
    });
  });

  it('authz check', () => {
    expect(reach('authz', 'check', 'reviews-v1-abc.bookinfo', ...SNAPSHOT).stdout).toBe(
      'ACTION   AuthorizationPolicy          RULES\nDENY     reviews-no-delete.bookinfo   1\n',
    );
  });

  it('check-inject without webhooks', () => {
    const { status, stdout } = reach('check-inject', 'ratings-v1-abc.bookinfo', ...SNAPSHOT);
    expect({ status, stdout }).toEqual({ status: 3, stdout: 'ERROR: no Istio injection hooks present.\n' });
  });

  it('proxy-status of a snapshot without an istiod', () => {
    expect(reach('ps', ...SNAPSHOT)).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('the admin port of a running proxy', () => {
  let server: Server;
  let admin = '';
  const asked: string[] = [];
  beforeAll(async () => {
    const dump = readFileSync(
      'test/fixtures/one-node-bookinfo/clusters/lab/pods/bookinfo/productpage-v1-abc/envoy/config_dump.json',
    );
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      if (request.url?.startsWith('/config_dump') === true) response.end(dump);
      else if (request.url?.startsWith('/logging') === true) response.end('active loggers:\n  http: debug\n');
      else response.writeHead(404).end('not found');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const live = (...words: string[]) =>
    new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
      execFile(
        NODE,
        [built('kubectl-reach'), ...words, '--envoy-admin', admin],
        { env: environment() },
        (error, stdout, stderr) =>
          resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    });

  it('gives the same as a file', async () => {
    expect((await live('pc', 'l')).stdout).toBe(reach('pc', 'l', ...POD).stdout);
  });

  it('changes levels by POST', async () => {
    const { stdout } = await live('pc', 'log', '--level', 'http:trace');
    expect(stdout).toBe('active loggers:\n  http: debug\n');
    expect(asked.slice(-2)).toEqual(['POST /logging', 'POST /logging?http=trace']);
  });

  it('that answers 404 is refused', async () => {
    const { status, stderr } = await live('pc', 'ep');
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('with status 404: not found') as string,
    });
  });
});

describe("istioctl's flags for its client of the API server", () => {
  const around = ['--kubeclient-timeout', '200ms', '--vklog=9'];

  it('change nothing for a file or snapshot, wherever they stand', () => {
    const expected = reach('pc', 'l', ...POD).stdout;
    expect(expected).toContain('InboundPassthroughCluster');
    expect(reach('pc', 'l', ...POD, ...around).stdout).toBe(expected);
    expect(reach('--vklog', '9', '--kubeclient-timeout', '5s', 'pc', 'l', ...POD).stdout).toBe(expected);
  });

  it('limit each request', async () => {
    const silent = createServer(() => undefined);
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const server = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    try {
      const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
        const words = [built('kubectl-reach'), 'pc', 'l', 'deploy/web', '--server', server, ...around];
        execFile(NODE, words, { env: environment() }, (error, _, stderr) => resolve({ code: error?.code, stderr }));
      });
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('within 0.2 s');
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  it.each([
    ['--kubeclient-timeout', 'soon', '--request-timeout wants a duration, not soon'],
    ['--vklog', 'much', 'much'],
  ])('%s %s is refused', (flag, value, says) => {
    const { status, stderr } = reach('pc', 'l', 'deploy/web', '--server', 'http://127.0.0.1:1', flag, value);
    expect(status).toBe(2);
    expect(stderr).toContain(says);
  });
});
