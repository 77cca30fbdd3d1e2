import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Collected } from '../../../../src/collect/live/collector.ts';
import { IstiodCollector } from '../../../../src/collect/live/istiod/istiod-collector.ts';
import {
  answering,
  httpAnswer,
  startFakeApiServer,
  statusBody,
  type FakeApiServer,
  type FakeForward,
} from '../fake-api-server.ts';
import { startFakeIstiod, type FakeIstiod } from './fake-istiod.ts';

const FOLDER = 'clusters/lab/istiod/istiod-0/';
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const closed = (stream: FakeForward): void => {
  stream.error(`dial tcp4 127.0.0.1:${stream.port}: connect: connection refused`);
  stream.socket.close(1000);
};

/** Joins a forward to a port of this machine. */
const toPort =
  (port: number) =>
  (stream: FakeForward): void => {
    const upstream = connect(port, '127.0.0.1');
    let passed = 0;
    const pass = (): void => {
      const received = stream.received();
      upstream.write(received.subarray(passed));
      passed = received.length;
    };
    stream.onData(pass);
    upstream.on('data', (bytes: Buffer) => stream.data(bytes));
    upstream.on('error', () => stream.socket.terminate());
    upstream.on('end', () => stream.socket.close(1000));
    stream.socket.on('close', () => upstream.destroy());
    pass();
  };

async function cluster(
  ports: Readonly<Record<number, (stream: FakeForward) => void>>,
  root = '',
): Promise<FakeApiServer> {
  const server = await startFakeApiServer({
    protocols: ['v4.channel.k8s.io'],
    forward: (stream) => (ports[stream.port] ?? closed)(stream),
    plain: (request, response) => {
      request.resume();
      if (request.url?.endsWith('/token') === true) response.end(JSON.stringify({ status: { token: 'jwt' } }));
      else if (root === '') response.writeHead(403).end(statusBody(403, 'Forbidden', 'no'));
      else response.end(JSON.stringify({ data: { 'root-cert.pem': root } }));
    },
  });
  closers.push(() => server.close());
  return server;
}

async function collect({ api }: FakeApiServer, file: string): Promise<Collected | undefined> {
  const collector = new IstiodCollector(api, { namespace: 'istio-system' });
  const collected = await collector.collect([`${FOLDER}${file}`], new AbortController().signal);
  return collected.get(`${FOLDER}${file}`);
}

/** A field of protobuf that carries its length. */
const field = (number: number, ...content: (string | Buffer)[]): Buffer => {
  const bytes = Buffer.concat(content.map((one) => Buffer.from(one)));
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
};

const textOf = (collected: Collected | undefined): string =>
  collected !== undefined && 'bytes' in collected ? collected.bytes.toString() : `gap: ${collected?.gap.problem}`;

async function discovery(secure: boolean): Promise<FakeIstiod> {
  const tls = (name: string): Buffer => readFileSync(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
  const istiod = await startFakeIstiod(
    ({ request, metadata }) => {
      const said = { asked: request['resource_names'], authorization: metadata.get('authorization') };
      return {
        type_url: 'istio.io/debug',
        resources: [{ type_url: 'istio.io/debug', value: Buffer.from(JSON.stringify(said)) }],
      };
    },
    secure ? { key: tls('server.key'), cert: tls('server.crt') } : undefined,
  );
  closers.push(() => istiod.close());
  return istiod;
}

describe('istiod', () => {
  it('is asked over HTTP on its monitoring port', async () => {
    const fake = await cluster({
      15014: answering((request) => httpAnswer(200, 'application/json', `["${request.split(' ')[1]}"]`)),
    });
    expect(textOf(await collect(fake, 'mesh.json'))).toBe('["/debug/mesh"]');
    expect(textOf(await collect(fake, 'config_dump_proxyID_web-0.shop.json'))).toBe(
      '["/debug/config_dump?proxyID=web-0.shop"]',
    );
    expect(fake.requests.every((one) => one.includes('/pods/istiod-0/portforward?ports=15014'))).toBe(true);
  });

  it('is asked over its discovery service with a token where that port is closed', async () => {
    const fake = await cluster({ 15012: toPort((await discovery(true)).port) });
    expect(JSON.parse(textOf(await collect(fake, 'mesh.json')))).toEqual({
      asked: ['mesh'],
      authorization: ['Bearer jwt'],
    });
    expect(fake.requests).toContain('POST /api/v1/namespaces/istio-system/serviceaccounts/default/token');
  });

  it('is asked how far proxies are over its discovery service first, and by its monitoring port where that does not answer', async () => {
    // A ClientConfig with node.id, node.metadata of one text, and one GenericXdsConfig, as bytes by the rules of protobuf.
    const config = Buffer.concat([
      field(1, field(1, 'web-0.shop'), field(3, field(1, field(1, 'NAMESPACE'), field(2, field(3, 'shop'))))),
      field(3, field(1, 'type.googleapis.com/x'), Buffer.from([0x30, 4]), field(8, field(3, 'no such type'))),
    ]);
    const istiod = await startFakeIstiod(({ request }) => ({
      version_info: '7',
      type_url: String(request['type_url']),
      resources: [{ type_url: 'type.googleapis.com/envoy.service.status.v3.ClientConfig', value: config }],
      control_plane: { identifier: '{"ID":"istiod-0"}' },
    }));
    closers.push(() => istiod.close());
    const fake = await cluster({
      15010: toPort(istiod.port),
      15014: answering(() => httpAnswer(200, 'text/plain', '[]')),
    });
    expect(JSON.parse(textOf(await collect(fake, 'syncz.json')))).toEqual({
      versionInfo: '7',
      resources: [
        {
          '@type': 'type.googleapis.com/envoy.service.status.v3.ClientConfig',
          node: { id: 'web-0.shop', metadata: { NAMESPACE: 'shop' } },
          genericXdsConfigs: [
            { typeUrl: 'type.googleapis.com/x', configStatus: 'ERROR', errorState: { details: 'no such type' } },
          ],
        },
      ],
      typeUrl: 'istio.io/debug/syncz',
      controlPlane: { identifier: '{"ID":"istiod-0"}' },
    });
    istiod.close();
    expect(textOf(await collect(fake, 'syncz.json'))).toBe('[]');
  });

  it.each([
    ['is of another authority', 'client.crt'],
    ['has another name', 'ca.crt'],
  ])('is not trusted with a token when its certificate %s', async (_why, file) => {
    const authority = readFileSync(new URL(`../../../fixtures/tls/${file}`, import.meta.url), 'utf8');
    const istiod = await discovery(true);
    const fake = await cluster({ 15012: toPort(istiod.port) }, authority);
    expect(textOf(await collect(fake, 'mesh.json'))).toMatch(/^gap: istiod istiod-0 does not answer mesh: /);
    expect(istiod.asked).toEqual([]);
  });

  it('is asked in plain text, without a token, where there is nothing else', async () => {
    const fake = await cluster({ 15010: toPort((await discovery(false)).port) });
    expect(JSON.parse(textOf(await collect(fake, 'mesh.json')))).toEqual({ asked: ['mesh'], authorization: [] });
  });

  it('that answers nowhere is a gap with every reason', async () => {
    const fake = await cluster({ 15014: answering(() => httpAnswer(401, 'text/plain', 'authentication required')) });
    const text = textOf(await collect(fake, 'mesh.json'));
    expect(text).toContain('port 15014 answers with status 401: authentication required');
    expect(text).toContain('nobody listens on port 15012');
    expect(text).toContain('nobody listens on port 15010');
  });

  it('that may not be asked is a gap, asked once', async () => {
    const fake = await cluster({});
    fake.behaviour.refuse = () => ({ status: 403, body: statusBody(403, 'Forbidden', 'cannot get pods/portforward') });
    expect(await collect(fake, 'mesh.json')).toMatchObject({ gap: { kind: 'forbidden' } });
    expect(fake.requests).toHaveLength(1);
  });
});
