/** Proxies, istiods and ztunnels of a cluster that a lab has no place for: odd names, replicas, one istiod that is silent. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { showDebug, type DebugQuestion } from '../../src/internal-debug.ts';
import { askProxies } from '../../src/proxy-config/ask-proxies.ts';
import { showLoggers } from '../../src/proxy-config/loggers.ts';
import { showProxyStatus, type StatusFormat } from '../../src/proxy-status.ts';
import { openZtunnel, showWorkloads, showZtunnelLog, type ZtunnelInput } from '../../src/ztunnel-config.ts';
import { answering, httpAnswer, type FakeApiServer } from '../collect/live/fake-api-server.ts';
import { accessTo, silent, startFakeMesh, type FakePod, type Port } from './fake-mesh.ts';

const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

const servers: FakeApiServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function mesh(...start: Parameters<typeof startFakeMesh>): Promise<FakeApiServer> {
  const server = await startFakeMesh(...start);
  servers.push(server);
  return server;
}

/** Answers by path; each path that was asked for is noted with its method. */
function http(answers: Readonly<Record<string, string>>, asked: string[] = []): Port {
  return answering((request) => {
    const [method = '', path = ''] = request.split(' ');
    asked.push(`${method} ${path}`);
    const body = answers[path];
    if (body === undefined) return httpAnswer(404, 'text/plain', 'not found');
    return httpAnswer(200, /^[{[]/.test(body) ? 'application/json' : 'text/plain', body);
  });
}

/** A dump whose one cluster tells whose it is. */
const proxy = (name: string, namespace: string, more: Partial<FakePod> = {}): FakePod => {
  const type = 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump';
  const clusters = [{ cluster: { name: `of-${name}` } }];
  const dump = { configs: [{ '@type': type, dynamic_active_clusters: clusters }] };
  const answers = { '/server_info': '{"state":"LIVE"}', '/config_dump?include_eds': JSON.stringify(dump) };
  return { name, namespace, ports: { 15000: http(answers) }, ...more };
};

describe('a pod', () => {
  const ask = async (server: FakeApiServer, target: string, namespace: string | null, replicas = false) => {
    const place = { target, namespace, replicas, files: [], snapshots: [] };
    const { answer, proxies } = await askProxies({ ...place, live: accessTo(server) }, ['config-dump'], ({ list }) =>
      list.map((one) => [one.name, [...(one.config().section('ClustersConfigDump')?.elements('x') ?? [])].length]),
    );
    return { names: answer.map(([name]) => name), note: proxies.note };
  };

  it('may have dots in its name', async () => {
    const server = await mesh([proxy('web.v1', 'shop'), proxy('web', 'v1')]);
    expect((await ask(server, 'web.v1.shop', null)).names).toEqual(['web.v1.shop']);
    // As with istioctl, what stands behind the last dot is a namespace where there is such a pod.
    expect((await ask(server, 'pod/web.v1', 'shop')).names).toEqual(['web.v1']);
  });

  it('with a dot in its name is found where no namespace has the name behind the dot', async () => {
    const server = await mesh([proxy('web.v1', 'default')]);
    expect((await ask(server, 'web.v1', null)).names).toEqual(['web.v1.default']);
  });

  it('stands for its Deployment, and the others are named', async () => {
    const owned = { owner: 'ReplicaSet/web-5d', labels: { 'pod-template-hash': '5d' } };
    const replicas = ['web-5d-c', 'web-5d-a', 'web-5d-b'].map((name) => proxy(name, 'shop', owned));
    const set = {
      metadata: { name: 'web-5d', namespace: 'shop', ownerReferences: [{ kind: 'Deployment', name: 'web' }] },
    };
    const deployment = { metadata: { name: 'web', namespace: 'shop' }, spec: { replicas: 3 } };
    const server = await mesh(replicas, { replicasets: [set], deployments: [deployment] });
    const { names, note } = await ask(server, 'deploy/web.shop', null);
    expect(names).toEqual(['web-5d-a.shop']);
    expect(note).toBe('Shown is web-5d-a.shop; deploy/web also has web-5d-b.shop and web-5d-c.shop.');
    const all = await ask(server, 'deploy/web', 'shop', true);
    expect(all).toEqual({ names: ['web-5d-a.shop', 'web-5d-b.shop', 'web-5d-c.shop'], note: null });
  });
});

describe('loggers', () => {
  it('go back to warning with --reset, in each pod that is meant', async () => {
    const asked: string[] = [];
    const admin = http(
      {
        '/logging': 'active loggers:\n  http: trace\n',
        '/logging?level=warning': 'active loggers:\n  http: warning\n',
      },
      asked,
    );
    const pods = ['a', 'b'].map((name) => proxy(name, 'shop', { labels: { app: 'web' }, ports: { 15000: admin } }));
    const where = { target: null, namespace: 'shop', selector: 'app=web', admin: null, file: null };
    const text = await showLoggers(
      { ...where, change: { level: null, reset: true }, live: accessTo(await mesh(pods)) },
      'short',
    );
    expect(text).toBe('a.shop:\nactive loggers:\n  http: warning\nb.shop:\nactive loggers:\n  http: warning\n');
    expect(asked.filter((one) => one.includes('level'))).toEqual(Array(2).fill('POST /logging?level=warning'));
  });
});

/** An istiod that knows one proxy, and nothing of others. */
function istiod(name: string, ...known: readonly string[]): FakePod {
  const resources = known.map((id) => ({
    '@type': 'type.googleapis.com/envoy.service.status.v3.ClientConfig',
    node: { id, metadata: { NAMESPACE: 'shop', CLUSTER_ID: 'lab', ISTIO_VERSION: '1.30.0' } },
  }));
  const syncz = JSON.stringify({
    resources,
    typeUrl: 'istio.io/debug/syncz',
    controlPlane: { identifier: JSON.stringify({ ID: name }) },
  });
  const answers = Object.fromEntries(known.map((id) => [`/debug/edsz?proxyID=${id}`, JSON.stringify([id])]));
  const monitoring = answering((request) => {
    const path = request.split(' ')[1] ?? '';
    const elsewhere = 'Proxy not connected to this Pilot instance. It may be connected to another instance.';
    return httpAnswer(200, 'text/plain', path === '/debug/syncz' ? syncz : (answers[path] ?? elsewhere));
  });
  return { name, namespace: 'istio-system', labels: { app: 'istiod' }, ports: { 15014: monitoring } };
}

/** An istiod that takes connections and never answers. */
const mute = (name: string): FakePod => ({
  ...istiod(name),
  ports: { 15010: silent, 15012: silent, 15014: silent },
});

const ISTIODS = { namespace: null, selector: null, revision: null };

describe('proxy-status of several istiods', () => {
  const status = async (pods: readonly FakePod[], format: StatusFormat, timeout?: string) => {
    const server = await mesh(pods);
    const where = { snapshots: [], istiods: ISTIODS, live: accessTo(server, timeout) };
    return await showProxyStatus({ ...where, namespace: null, verbose: false }, new Date(), format);
  };

  it('goes on where one is silent, and names it', async () => {
    const { text, notes } = await status([mute('istiod-a'), istiod('istiod-b', 'web.shop')], 'table', '5s');
    expect(text.split('\n').map((line) => line.split(/ +/).slice(0, 3))).toEqual([
      ['NAME', 'CLUSTER', 'ISTIOD'],
      ['web.shop', 'lab', 'istiod-b'],
      [''],
    ]);
    expect(notes).toEqual([expect.stringContaining('istio-system/istiod-a: ')]);
  });

  it('that are all silent is an error', async () => {
    await expect(status([mute('istiod-a'), mute('istiod-b')], 'table', '0.3s')).rejects.toThrow(
      'there was no whole answer within 0.3s',
    );
  });

  it('in yaml has a document for each, with --- between them', async () => {
    const { text, notes } = await status([istiod('istiod-a', 'web.shop'), istiod('istiod-b', 'app.shop')], 'yaml');
    const documents = text.split('---\n');
    expect(documents.map((one) => /\bid: (\S+)/.exec(one)?.[1])).toEqual(['web.shop', 'app.shop']);
    expect(notes).toEqual([]);
  });
});

describe('internal-debug of several istiods', () => {
  const debug = async (pods: readonly FakePod[], question: Partial<DebugQuestion>, timeout?: string) => {
    const live = accessTo(await mesh(pods), timeout);
    return await showDebug({ endpoint: 'edsz?proxyID=web.shop', all: false, istiods: ISTIODS, live, ...question });
  };

  it('asks the next one where a proxy is connected elsewhere', async () => {
    const answer = await debug([istiod('istiod-a'), istiod('istiod-b', 'web.shop')], {});
    expect(answer).toEqual({ text: '[\n  "web.shop"\n]\n', notes: [] });
  });

  it('goes on where one is silent, and names it', async () => {
    for (const all of [false, true]) {
      const { text, notes } = await debug([mute('istiod-a'), istiod('istiod-b', 'web.shop')], { all }, '3s');
      expect(JSON.parse(text)).toEqual(all ? { 'istiod-b': ['web.shop'] } : ['web.shop']);
      expect(notes).toEqual(['Port-forward to pod istio-system/istiod-a: there was no answer within 3 s.']);
    }
  });

  it('with --all has what each says, a text as a text', async () => {
    const { text } = await debug([istiod('istiod-a'), istiod('istiod-b', 'web.shop')], { all: true });
    expect(JSON.parse(text)).toEqual({
      'istiod-a': expect.stringMatching(/^Proxy not connected to this Pilot instance/) as string,
      'istiod-b': ['web.shop'],
    });
  });

  it('of which none knows the proxy is an error', async () => {
    const asked = debug([mute('istiod-a'), istiod('istiod-b')], {}, '3s');
    await expect(asked).rejects.toMatchObject({
      message: 'the proxy is connected to none of the istiods that answered',
      hints: [expect.stringContaining('istiod-a'), expect.stringContaining('proxy-status')],
    });
  });

  it('of which none answers is an error', async () => {
    await expect(debug([mute('istiod-a')], {}, '0.3s')).rejects.toThrow('istio-system/istiod-a: there was no answer');
  });
});

describe('a ztunnel', () => {
  const image = { name: 'istio-proxy', image: 'ztunnel' };
  const labels = { app: 'ztunnel' };
  const pods = (asked: string[] = []): FakePod[] =>
    ['node1', 'node2'].map((node) => {
      const answers = {
        '/config_dump': node === 'node1' ? '{"workloads":[]}' : fixture('ztunnel/config_dump.json'),
        '/logging?level=debug': `level of ${node}: debug`,
      };
      const ports = { 15000: http(answers, asked) };
      return { name: `ztunnel-${node}`, namespace: 'istio-system', labels, container: image, node, ports };
    });
  const input = (server: FakeApiServer, more: Partial<ZtunnelInput>): ZtunnelInput => ({
    target: null,
    namespace: null,
    file: null,
    snapshots: [],
    node: null,
    istioNamespace: null,
    live: accessTo(server),
    ...more,
  });
  const everything = { address: null, node: null, namespace: null, workload: null, direction: null };

  it.each([
    ['by its node', { node: 'node2' }],
    ['by its pod', { target: 'ztunnel-node2.istio-system' }],
    ['by a pod on its node', { target: 'web', namespace: 'shop' }],
  ])('is asked by port-forward, named %s', async (_, named) => {
    const web: FakePod = { name: 'web', namespace: 'shop', node: 'node2' };
    const { dump, workload } = await openZtunnel(input(await mesh([...pods(), web]), named));
    expect(showWorkloads(dump, everything, 'short')).toBe(fixture('ztunnel/workload.txt'));
    expect(workload).toEqual('namespace' in named ? { name: 'web', namespace: 'shop' } : null);
  });

  it('is asked for its log levels like all others where none is named', async () => {
    const asked: string[] = [];
    const { file: _, snapshots: __, ...where } = input(await mesh(pods(asked)), {});
    expect(await showZtunnelLog({ ...where, level: 'debug', reset: false })).toBe(
      'ztunnel-node1.istio-system:\nlevel of node1: debug\nztunnel-node2.istio-system:\nlevel of node2: debug\n',
    );
    expect(asked).toEqual(Array(2).fill('POST /logging?level=debug'));
  });

  it('that does not answer is told', async () => {
    const broken = pods().map((pod) => ({ ...pod, ports: {} }));
    await expect(openZtunnel(input(await mesh(broken), { node: 'node1' }))).rejects.toThrow(
      'istio-system/ztunnel-node1',
    );
  });
});
