import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { askOver, type HttpAnswer } from '../../../../src/collect/live/stream/pod-http.ts';
import { forwardPort } from '../../../../src/collect/live/stream/port-forward.ts';
import type { StreamFailure } from '../../../../src/collect/live/stream/stream-error.ts';
import {
  answering,
  httpAnswer,
  startFakeApiServer,
  statusBody,
  type FakeApiServer,
  type FakeBehaviour,
  type FakeForward,
} from '../fake-api-server.ts';
import { streamFailure } from '../stream-failure.ts';

const TIMES = { connect: 400, total: 1500, ping: 50, silence: 400 };
const POD = { namespace: 'bookinfo', pod: 'reviews-v1' };

let server: FakeApiServer | undefined;
afterEach(async () => server?.close());

async function get(behaviour: FakeBehaviour, path = '/config_dump', limit = 1024 * 1024): Promise<HttpAnswer> {
  server = await startFakeApiServer({ protocols: ['v4.channel.k8s.io'], ...behaviour });
  const signal = new AbortController().signal;
  const connection = await forwardPort(server.access, POD, 15000, { signal, times: TIMES });
  return await askOver(connection, 'localhost:15000', path, { limit });
}

describe('a GET through a port-forward', () => {
  it('asks for the port of the pod, and gives the answer', async () => {
    let asked = '';
    const answer = await get({
      forward: answering((request) => {
        asked = request;
        return httpAnswer(200, 'application/json; charset=utf-8', '{"configs":[]}');
      }),
    });
    expect(answer).toEqual({ status: 200, mediaType: 'application/json', body: Buffer.from('{"configs":[]}') });
    expect(asked).toMatch(/^GET \/config_dump HTTP\/1\.1\r\nhost: localhost:15000\r\nconnection: close\r\n/i);
    expect(server?.requests).toEqual(['GET /api/v1/namespaces/bookinfo/pods/reviews-v1/portforward?ports=15000']);
  });

  it('reads chunks, however they are cut', async () => {
    const raw = Buffer.from(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n',
    );
    const answer = await get({
      forward: (stream) =>
        stream.onData(() => {
          for (const byte of raw) stream.data(Buffer.from([byte]));
          stream.socket.close(1000);
        }),
    });
    expect(answer).toMatchObject({ status: 200, mediaType: '', body: Buffer.from('hello, world') });
  });

  it('reads an answer that ends with the connection', async () => {
    const answer = await get({ forward: answering(() => 'HTTP/1.1 200 OK\r\n\r\nall of it') });
    expect(answer.body.toString()).toBe('all of it');
  });

  it('carries a large answer of a real server byte by byte', async () => {
    const body = Buffer.alloc(24 * 1024 * 1024);
    for (let at = 0; at < body.length; at += 4) body.writeUInt32LE((at * 2654435761) >>> 0, at);
    const http = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => {
      http.listen(0, '127.0.0.1', resolve);
    });
    const answer = await get({ forward: toPort((http.address() as AddressInfo).port) }, '/config_dump', body.length);
    await new Promise((resolve) => {
      http.close(resolve);
    });
    expect(answer.body.equals(body)).toBe(true);
  });
});

describe('a port-forward that fails', () => {
  const runtime =
    'error forwarding port 15000 to pod 5f3, uid : failed to execute portforward in network namespace "/var/run/netns/cni-1": failed to connect to localhost:15000 inside namespace "5f3", IPv4: dial tcp4 127.0.0.1:15000: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found ';
  const failing: readonly (readonly [
    name: string,
    forward: (stream: FakeForward) => void,
    failure: StreamFailure,
    said: RegExp,
  ])[] = [
    [
      'nobody listens there',
      (stream) => (stream.error(runtime), stream.socket.close(1000)),
      'port-closed',
      /nobody listens on port 15000/,
    ],
    [
      'another error of the runtime',
      (stream) => (stream.error('error forwarding port 15000 to pod 5f3: netns is closed'), stream.socket.close(1000)),
      'refused',
      /netns is closed/,
    ],
    [
      'closed before any answer',
      (stream) => stream.onData(() => stream.socket.close(1000)),
      'cut-off',
      /before the answer was whole/,
    ],
    [
      'closed in the midst of a body of known length',
      (stream) =>
        stream.onData(
          () => (stream.data('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'), stream.socket.close(1000)),
        ),
      'cut-off',
      /before the answer was whole/,
    ],
    [
      'broken in the midst of a body that ends with the connection',
      (stream) =>
        stream.onData(
          () => (stream.data('HTTP/1.1 200 OK\r\n\r\nhalf'), setTimeout(() => stream.socket.terminate(), 20)),
        ),
      'cut-off',
      /half-way \(status 1006\)/,
    ],
    [
      'silent after the head',
      (stream) => stream.onData(() => stream.data('HTTP/1.1 200 OK\r\n\r\n')),
      'timeout',
      /1\.5 s/,
    ],
    ['no HTTP', (stream) => stream.onData(() => stream.data('220 mail.example.com ESMTP\r\n')), 'protocol', /no HTTP/],
    ['a channel that it does not have', (stream) => stream.socket.send(Buffer.from([4, 1])), 'protocol', /channel 4/],
  ];
  it.each(failing)('%s', async (_name, forward, failure, said) => {
    const error = await streamFailure(get({ forward }));
    expect(error.failure).toBe(failure);
    expect(error.message).toMatch(said);
  });

  it('403', async () => {
    const message =
      'pods "reviews-v1" is forbidden: User "jane" cannot get resource "pods/portforward" in API group ""';
    const error = await streamFailure(
      get({ refuse: () => ({ status: 403, body: statusBody(403, 'Forbidden', message) }) }),
    );
    expect(error).toMatchObject({ failure: 'forbidden', status: 403 });
    expect(error.message).toMatch(/cannot get resource "pods\/portforward"/);
  });

  it('more bytes than the limit', async () => {
    const error = await streamFailure(
      get({ forward: answering(() => httpAnswer(200, 'text/plain', 'x'.repeat(500))) }, '/', 100),
    );
    expect(error).toMatchObject({ failure: 'too-large', message: 'the answer has more than 100 bytes' });
  });
});

it('a reader that is slow holds the sender back', async () => {
  let sent = 0;
  const chunk = Buffer.alloc(1024 * 1024);
  server = await startFakeApiServer({
    protocols: ['v4.channel.k8s.io'],
    forward: ({ socket }) => {
      const more = (): void => {
        if (socket.readyState !== socket.OPEN || sent >= 512) return;
        sent++;
        socket.send(Buffer.concat([Buffer.from([0]), chunk]), more);
      };
      more();
    },
  });
  const signal = new AbortController().signal;
  const connection = await forwardPort(server.access, POD, 1, { signal, times: { ...TIMES, total: 10_000 } });
  connection.read(0);
  await new Promise((resolve) => {
    setTimeout(resolve, 1000);
  });
  expect(sent).toBeLessThan(100);
  connection.destroy();
});

/** Joins a forward to a real port of this machine. */
function toPort(port: number): (stream: FakeForward) => void {
  return (stream) => {
    const upstream = connect(port, '127.0.0.1');
    let passed = 0;
    stream.onData(() => {
      const received = stream.received();
      upstream.write(received.subarray(passed));
      passed = received.length;
    });
    upstream.on('data', (bytes: Buffer) => stream.data(bytes));
    upstream.on('end', () => stream.socket.close(1000));
  };
}
