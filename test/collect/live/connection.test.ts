import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/collect/live/connection.ts';
import { RequestRefused } from '../../../src/collect/live/refusal.ts';
import {
  answerJson,
  answerPacked,
  startApiServer,
  statusObject,
  tlsFile,
  type FakeApiServer,
  type Handler,
} from './api-server.ts';
import { connectTo, writeKubeconfig } from './connecting.ts';

const LIST_PODS = { verb: 'list', group: '', resource: 'pods', namespace: 'shop', namespaced: true } as const;
const open: (FakeApiServer | Connection)[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function serve(handler: Handler, secure = false): Promise<FakeApiServer> {
  const server = await startApiServer(handler, secure);
  open.push(server);
  return server;
}

function connected(...args: Parameters<typeof connectTo>): Connection {
  const connection = connectTo(...args);
  open.push(connection);
  return connection;
}

async function refusal(connection: Connection, path = '/version', options = {}): Promise<RequestRefused> {
  try {
    await connection.request(path, options);
  } catch (error) {
    if (error instanceof RequestRefused) return error;
    throw error;
  }
  throw new Error('the request was answered');
}

describe('a request', () => {
  it('keeps the path of the server, adds the query and gives the bytes', async () => {
    const server = await serve((_, response) => answerJson(response, '{"a": 1}'));
    const connection = connected({ server: `${server.url}/k8s/clusters/c-1/` });
    const answer = await connection.request('/api/v1/pods', {
      query: { limit: 500, continue: null, labelSelector: 'a=b,c' },
    });
    expect(answer.bytes.toString()).toBe('{"a": 1}');
    expect(server.requests[0]?.url).toBe('/k8s/clusters/c-1/api/v1/pods?limit=500&labelSelector=a%3Db%2Cc');
  });

  it('unpacks gzip and counts what came over the wire', async () => {
    const items = Array.from({ length: 5000 }, () => ({ name: 'alike' }));
    const server = await serve((_, response) => answerPacked(response, items));
    const connection = connected({ server: server.url });
    const { bytes } = await connection.request('/api/v1/pods');
    expect(JSON.parse(bytes.toString())).toEqual(items);
    expect(connection.traffic.requests).toBe(1);
    expect(connection.traffic.bytes).toBeLessThan(bytes.length / 20);
  });

  it('speaks TLS with a client certificate, and keeps the connection', async () => {
    const ports = new Set<number | undefined>();
    const server = await serve((_, response, request) => {
      ports.add(request.socket.remotePort);
      answerJson(response, {});
    }, true);
    const kubeconfig = writeKubeconfig({
      clusters: [{ name: 'lab', cluster: { server: server.url, 'certificate-authority': tlsFile('ca.crt') } }],
      users: [
        { name: 'me', user: { 'client-certificate': tlsFile('client.crt'), 'client-key': tlsFile('client.key') } },
      ],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'me' } }],
      'current-context': 'lab',
    });
    const connection = connected({ kubeconfig });
    await connection.request('/version');
    await connection.request('/version');
    expect(server.requests.map((seen) => seen.client)).toEqual(['client', 'client']);
    expect(ports.size).toBe(1);
  });

  it('asks as somebody else', async () => {
    const server = await serve((_, response) => answerJson(response, {}));
    await connected({ server: server.url, as: 'jane', asUid: '7', asGroups: ['a', 'b'] }).request('/version');
    const { rawHeaders } = server.requests[0]!;
    const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1]]] : []));
    expect(pairs.filter(([name]) => name?.startsWith('impersonate'))).toEqual([
      ['impersonate-user', 'jane'],
      ['impersonate-uid', '7'],
      ['impersonate-group', 'a'],
      ['impersonate-group', 'b'],
    ]);
  });

  it('sends no token over plain HTTP, as kubectl', async () => {
    const server = await serve((_, response) => answerJson(response, {}));
    await connected({ server: server.url, token: 'secret-token' }).request('/version');
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('runs few at a time', async () => {
    let now = 0;
    let most = 0;
    const server = await serve((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now -= 1;
        answerJson(response, {});
      }, 20);
    });
    const connection = connected({ server: server.url });
    await Promise.all(Array.from({ length: 30 }, () => connection.request('/version')));
    expect(most).toBe(6);
  });
});

describe('trying again', () => {
  it.each([
    ['429 with Retry-After', 429, { 'retry-after': '1' }, 900],
    ['500', 500, {}, 200],
    ['503 of a proxy without a Status', 503, {}, 200],
  ])('after %s', async (_, status, headers, least) => {
    let left = 1;
    const server = await serve((_seen, response) => {
      if (left-- > 0) answerJson(response, statusObject(status, 'x', 'wait'), status, headers);
      else answerJson(response, {});
    });
    const start = performance.now();
    await connected({ server: server.url }).request('/version');
    expect(server.requests).toHaveLength(2);
    expect(performance.now() - start).toBeGreaterThan(least);
  });

  it('after a connection that ends in the middle of an answer', async () => {
    let left = 2;
    const server = await serve((_, response) => {
      if (left-- <= 0) return answerJson(response, '{"whole":true}');
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '14' });
      response.write('{"who', () => response.destroy());
    });
    const { bytes } = await connected({ server: server.url }).request('/version');
    expect(bytes.toString()).toBe('{"whole":true}');
  });

  it('never for what is no GET', async () => {
    const server = await serve((_, response) => answerJson(response, statusObject(500, 'x', ''), 500));
    await refusal(connected({ server: server.url }), '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      body: {},
    });
    expect(server.requests).toHaveLength(1);
  });

  it('not when the server asks to wait longer than a person would', async () => {
    const server = await serve((_, response) =>
      answerJson(response, statusObject(429, 'x', ''), 429, { 'retry-after': '120' }),
    );
    const start = performance.now();
    expect((await refusal(connected({ server: server.url }))).kind).toBe('throttled');
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('a refusal', () => {
  const json =
    (status: number, reason: string, message: string): Handler =>
    (_, response) =>
      answerJson(response, statusObject(status, reason, message), status);
  const text =
    (status: number, type: string, body: string, headers: object = {}): Handler =>
    (_, response) => {
      response.writeHead(status, { 'content-type': type, ...headers });
      response.end(body);
    };

  it.each<[string, Handler, string, RegExp, RegExp]>([
    ['401', json(401, 'Unauthorized', 'Unauthorized'), 'unauthorized', /401/, /--context/],
    [
      '403',
      json(403, 'Forbidden', 'pods is forbidden: User "jane" cannot list resource "pods"'),
      'forbidden',
      /list pods in namespace shop \(403: pods is forbidden: User "jane"/,
      /allow it to list pods in namespace shop.*kubectl reach access/,
    ],
    ['404', json(404, 'NotFound', 'the server could not find the requested resource'), 'not-found', /404/, /installed/],
    ['404 in plain text', text(404, 'text/plain', '404 page not found\n'), 'not-found', /404/, /installed/],
    ['410', json(410, 'Expired', 'The provided continue parameter is too old'), 'gone', /410/, /again/],
    ['400', json(400, 'BadRequest', 'unable to parse'), 'rejected', /400: unable to parse/, /./],
    ['HTML of a login page', text(200, 'text/html', '<html>'), 'not-kubernetes', /text\/html/, /proxy or a login page/],
    [
      'a redirect',
      text(302, 'text/html', '', { location: 'https://login.example/x?state=1' }),
      'not-kubernetes',
      /leads to https:\/\/login\.example:/,
      /./,
    ],
    ['403 of a proxy', text(403, 'text/html', '<html>'), 'forbidden', /without a Kubernetes Status/, /proxy/],
  ])('%s', async (_, handler, kind, problem, remedy) => {
    const server = await serve(handler);
    const refused = await refusal(connected({ server: server.url }), '/api/v1/namespaces/shop/pods', {
      permission: LIST_PODS,
    });
    expect(refused.kind).toBe(kind);
    expect(refused.message).toMatch(problem);
    expect(refused.remedy).toMatch(remedy);
  });

  it('for an answer that takes too long', async () => {
    const server = await serve(() => {});
    const start = performance.now();
    const refused = await refusal(connected({ server: server.url, requestTimeout: '300ms' }));
    expect(refused.kind).toBe('timeout');
    expect(refused.message).toContain('within 0.3 s');
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('for a body that never ends', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{');
    });
    expect((await refusal(connected({ server: server.url, requestTimeout: '300ms' }))).kind).toBe('timeout');
  });

  it('for a body larger than is read, packed or not', async () => {
    const server = await serve((seen, response) => {
      if (seen.path === '/packed') answerPacked(response, 'x'.repeat(100_000));
      else answerJson(response, JSON.stringify('x'.repeat(100_000)));
    });
    const connection = connected({ server: server.url });
    for (const path of ['/plain', '/packed']) {
      expect((await refusal(connection, path, { bytesLimit: 50_000 })).kind, path).toBe('too-large');
    }
  });

  it('for nobody listening, once for all', async () => {
    const server = await startApiServer((_, response) => answerJson(response, {}));
    await server.close();
    const connection = connected({ server: server.url });
    const first = await refusal(connection);
    expect(first.kind).toBe('unreachable');
    expect(first.message).toContain('ECONNREFUSED');
    const requests = connection.traffic.requests;
    expect((await refusal(connection)).kind).toBe('unreachable');
    expect(connection.traffic.requests).toBe(requests);
  });

  it('for a name without an address', async () => {
    const refused = await refusal(connected({ server: 'https://no-such-host.invalid:6443' }));
    expect(refused.kind).toBe('unresolved');
  });

  it('for a certificate of an unknown authority, and for one of another name', async () => {
    const server = await serve((_, response) => answerJson(response, {}), true);
    expect((await refusal(connected({ server: server.url }))).kind).toBe('tls');
    const other = await refusal(
      connected({ server: server.url, certificateAuthority: tlsFile('ca.crt'), tlsServerName: 'other' }),
    );
    expect(other.kind).toBe('tls');
    await connected({
      server: server.url,
      certificateAuthority: tlsFile('ca.crt'),
      tlsServerName: 'localhost',
    }).request('/version');
    await connected({ server: server.url, insecureSkipTlsVerify: true }).request('/version');
  });

  it('for a server that speaks no HTTP', async () => {
    const server = createServer((socket) => socket.end('SSH-2.0-x\r\n'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await refusal(connected({ server: url }))).kind).toBe('not-kubernetes');
    server.close();
  });

  it('for Ctrl-C, at once', async () => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const connection = connected({ server: server.url }, { HOME: '/nonexistent' }, controller.signal);
    setTimeout(() => controller.abort(), 50);
    const start = performance.now();
    expect((await refusal(connection)).kind).toBe('interrupted');
    expect((await refusal(connection)).kind).toBe('interrupted');
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('repeats no token, whatever the server says', async () => {
    const server = await serve(
      (seen, response) =>
        answerJson(response, statusObject(403, 'Forbidden', `you sent ${seen.headers.authorization}`), 403),
      true,
    );
    const refused = await refusal(
      connected({ server: server.url, certificateAuthority: tlsFile('ca.crt'), token: 'secret-token' }),
    );
    expect(server.requests[0]?.headers.authorization).toBe('Bearer secret-token');
    expect(refused.message).toContain('you sent Bearer …');
  });
});
