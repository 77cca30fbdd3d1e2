import { afterEach, describe, expect, it } from 'vitest';
import type { Collected } from '../../../../src/collect/live/collector.ts';
import { EnvoyCollector } from '../../../../src/collect/live/envoy/envoy-collector.ts';
import {
  answering,
  httpAnswer,
  startFakeApiServer,
  statusBody,
  type FakeApiServer,
  type FakeBehaviour,
  type FakeForward,
} from '../fake-api-server.ts';

const ENVOY = 'clusters/lab/pods/bookinfo/reviews-v1/envoy/';
const LIVE = '{"state":"LIVE"}';

let server: FakeApiServer | undefined;
afterEach(async () => server?.close());

/** A pod whose Envoy gives these answers by path; a text is JSON with status 200. */
async function proxy(
  answers: Readonly<Record<string, string | Buffer>>,
  behaviour: FakeBehaviour = {},
): Promise<FakeApiServer> {
  server = await startFakeApiServer({
    protocols: ['v4.channel.k8s.io'],
    forward: answering((request) => {
      const answer = answers[request.split(' ')[1] ?? ''];
      if (answer === undefined) return httpAnswer(404, 'text/plain', 'invalid path. admin commands are:\n');
      return typeof answer === 'string' ? httpAnswer(200, 'application/json', answer) : answer;
    }),
    ...behaviour,
  });
  return server;
}

async function collect({ api }: FakeApiServer, files: readonly string[], endpoints = true): Promise<Collected[]> {
  const collector = new EnvoyCollector(api, { port: 15000, endpoints, starting: false });
  const names = files.map((file) => `${ENVOY}${file}`);
  const collected = await collector.collect(names, new AbortController().signal);
  return names.map((name) => collected.get(name) ?? { gap: { kind: 'missing', artefact: name, problem: 'no answer' } });
}

const gapOf = (collected: Collected | undefined) =>
  collected !== undefined && 'gap' in collected ? collected.gap : undefined;
const textOf = (collected: Collected | undefined): string =>
  collected !== undefined && 'bytes' in collected ? collected.bytes.toString() : `gap: ${collected?.gap.problem}`;

describe('a proxy', () => {
  it('is asked for each document once, as Envoy names them', async () => {
    const fake = await proxy({
      '/server_info': LIVE,
      '/config_dump?include_eds': '{"configs":[1]}',
      '/clusters?format=json': '{"cluster_statuses":[]}',
      '/listeners?format=json': '{"listener_statuses":[]}',
      '/stats?format=json': '{"stats":[]}',
    });
    const files = ['config_dump.json', 'clusters.json', 'listeners.json', 'server_info.json', 'stats.json'];
    expect((await collect(fake, files)).map(textOf)).toEqual([
      '{"configs":[1]}',
      '{"cluster_statuses":[]}',
      '{"listener_statuses":[]}',
      LIVE,
      '{"stats":[]}',
    ]);
    expect(fake.requests).toHaveLength(5);
    expect(new Set(fake.requests)).toEqual(
      new Set(['GET /api/v1/namespaces/bookinfo/pods/reviews-v1/portforward?ports=15000']),
    );
  });

  it('is not asked for endpoints that nobody needs', async () => {
    const fake = await proxy({ '/server_info': LIVE, '/config_dump': '{"configs":[]}' });
    expect(textOf((await collect(fake, ['config_dump.json'], false))[0])).toBe('{"configs":[]}');
  });
});

describe('a proxy that gives no answer', () => {
  it.each(['PRE_INITIALIZING', 'INITIALIZING'])('is still starting: %s', async (state) => {
    const fake = await proxy({
      '/server_info': JSON.stringify({ state }),
      '/config_dump?include_eds': '{"configs":[]}',
    });
    const [dump, info] = await collect(fake, ['config_dump.json', 'server_info.json']);
    expect(gapOf(dump)?.problem).toContain(`still starting (state ${state})`);
    expect(textOf(info)).toBe(JSON.stringify({ state }));
  });

  const unknown =
    "Failed to convert protobuf message to JSON string: INVALID_ARGUMENT: could not find @type 'type.googleapis.com/x'";

  it('holds a type that it cannot print: what it can is had part by part', async () => {
    const fake = await proxy({
      '/server_info': LIVE,
      '/config_dump?include_eds': httpAnswer(200, 'text/plain', unknown),
      '/config_dump?resource=dynamic_listeners': httpAnswer(200, 'text/plain', unknown),
      '/config_dump?resource=dynamic_active_clusters': '{"configs":[{"@type":"c"},{"@type":"d"}]}',
      '/config_dump?resource=dynamic_endpoint_configs&include_eds': '{"configs":[{"@type":"e"}]}',
    });
    expect(JSON.parse(textOf((await collect(fake, ['config_dump.json']))[0]))).toEqual({
      configs: [{ '@type': 'c' }, { '@type': 'd' }, { '@type': 'e' }],
    });
  });

  it('holds nothing that it can print', async () => {
    const fake = await proxy({
      '/server_info': LIVE,
      '/config_dump?include_eds': httpAnswer(200, 'text/plain', unknown),
    });
    const [gap] = (await collect(fake, ['config_dump.json'])).map(gapOf);
    expect(gap).toMatchObject({ kind: 'not-understood', artefact: `${ENVOY}config_dump.json` });
    expect(gap?.problem).toContain("could not find @type 'type.googleapis.com/x'");
  });

  it.each([
    ['text', httpAnswer(200, 'text/plain', 'hello'), /with text in place of JSON: hello/],
    [
      'for another server',
      httpAnswer(200, 'application/json', '{"name":"shop"}'),
      /with JSON of another server: \{"name"/,
    ],
    ['nothing', httpAnswer(200, 'text/plain', ''), /with text in place of JSON: nothing/],
    ['a page of another server', httpAnswer(404, 'text/html', '<html>Not found</html>'), /with status 404: <html>/],
  ])('answers %s', async (_what, answer, said) => {
    const fake = await proxy({ '/server_info': LIVE, '/clusters?format=json': answer });
    const [gap] = (await collect(fake, ['clusters.json'])).map(gapOf);
    expect(gap?.kind).toBe('unreadable');
    expect(gap?.problem).toMatch(said);
  });

  const closed = (stream: FakeForward): void => {
    stream.error('failed to connect to localhost:15000: dial tcp4 127.0.0.1:15000: connect: connection refused');
    stream.socket.close(1000);
  };
  const podOf = (containers: object[], initContainers: object[] = []): FakeBehaviour => ({
    forward: closed,
    plain: (_request, response) => void response.end(JSON.stringify({ spec: { containers, initContainers } })),
  });

  it('is not there at all', async () => {
    const fake = await proxy({}, podOf([{ name: 'reviews', image: 'reviews:1' }]));
    expect(gapOf((await collect(fake, ['config_dump.json']))[0])?.problem).toContain(
      'there is no Envoy in pod bookinfo/reviews-v1',
    );
  });

  it('listens somewhere else', async () => {
    const fake = await proxy({}, podOf([{ name: 'istio-proxy', image: 'proxyv2:1' }]));
    const gap = gapOf((await collect(fake, ['config_dump.json']))[0]);
    expect(gap?.problem).toContain('although container istio-proxy is a proxy');
    expect(gap?.remedy).toContain('--proxy-admin-port');
  });

  it('listens somewhere else, as a native sidecar', async () => {
    const init = { name: 'istio-init', image: 'proxyv2:1' };
    const sidecar = { name: 'istio-proxy', image: 'proxyv2:1', restartPolicy: 'Always' };
    const fake = await proxy({}, podOf([{ name: 'reviews', image: 'reviews:1' }], [init, sidecar]));
    const gap = gapOf((await collect(fake, ['config_dump.json']))[0]);
    expect(gap?.problem).toContain('although container istio-proxy is a proxy');
  });

  it('listens somewhere else, perhaps: the pod may not be read', async () => {
    const fake = await proxy(
      {},
      { forward: closed, plain: (_request, response) => void response.writeHead(403).end('{}') },
    );
    expect(gapOf((await collect(fake, ['config_dump.json']))[0])?.problem).toMatch(/^nobody listens on port 15000/);
  });

  it('may not be asked', async () => {
    const message = 'User "jane" cannot get resource "pods/portforward" in API group "" in the namespace "bookinfo"';
    const fake = await proxy({}, { refuse: () => ({ status: 403, body: statusBody(403, 'Forbidden', message) }) });
    expect(gapOf((await collect(fake, ['config_dump.json']))[0])).toMatchObject({
      kind: 'forbidden',
      problem: expect.stringContaining('cannot get resource "pods/portforward"') as unknown,
      remedy: expect.stringContaining('pods/portforward in namespace bookinfo') as unknown,
    });
  });

  it('is cut off in the midst of the dump', async () => {
    const fake = await proxy({
      '/server_info': LIVE,
      '/config_dump?include_eds': Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n{"configs":['),
    });
    expect(gapOf((await collect(fake, ['config_dump.json']))[0])?.problem).toContain(
      'closed before the answer was whole',
    );
  });
});
