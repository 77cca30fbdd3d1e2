import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ApiAccess, KubeApi } from '../../../src/collect/live/api-access.ts';
import { RequestRefused } from '../../../src/collect/live/refusal.ts';

/** Answers an exec: as the container runtime, API server or network would. */
export type ExecAnswer = (stream: FakeExec) => void | Promise<void>;

/** One exec, seen from the kubelet's side. */
export interface FakeExec {
  readonly argv: readonly string[];
  readonly pod: string;
  readonly container: string;
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  stdout(bytes: Buffer | string): void;
  stderr(text: string): void;
  /** Sends the status and closes. */
  exit(code: number): void;
  /** Sends the status of a command that could not be started, and closes. */
  failed(message: string, code?: number): void;
}

/** One port-forward, seen from the kubelet's side. */
export interface FakeForward {
  readonly port: number;
  readonly pod: string;
  readonly socket: WebSocket;
  data(bytes: Buffer | string): void;
  error(text: string): void;
  /** Everything that the client has sent so far, without channel bytes. */
  received(): Buffer;
  onData(listener: () => void): void;
}

export interface FakeBehaviour {
  /** Answers instead of an upgrade. */
  refuse?: (request: IncomingMessage) => { status: number; body: string; headers?: Record<string, string> } | undefined;
  exec?: ExecAnswer;
  forward?: (stream: FakeForward) => void;
  /** Answers anything that is no stream. */
  plain?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Subprotocols that it speaks. */
  protocols?: readonly string[];
  /** Takes the raw connection of an upgrade instead of answering it. */
  upgrade?: (socket: Duplex) => void;
  answersPings?: boolean;
}

export interface FakeApiServer {
  readonly access: ApiAccess;
  readonly api: KubeApi;
  behaviour: FakeBehaviour;
  /** `METHOD /path?query` of everything asked for. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** A Status object as the API server writes them. */
export function statusBody(code: number, reason: string, message: string): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code });
}

/** An API server with a kubelet behind it, on loopback, that speaks the channel protocols of exec and port-forward. */
export async function startFakeApiServer(behaviour: FakeBehaviour = {}): Promise<FakeApiServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (fake.behaviour.plain === undefined) response.writeHead(404).end(statusBody(404, 'NotFound', 'nothing here'));
    else fake.behaviour.plain(request, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (request, socket, head) => {
    requests.push(`${request.method} ${request.url}`);
    const { refuse, protocols, upgrade, answersPings } = fake.behaviour;
    if (upgrade !== undefined) return upgrade(socket);
    const refused = refuse?.(request);
    if (refused !== undefined) {
      const headers = { 'content-length': String(Buffer.byteLength(refused.body)), ...refused.headers };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      return socket.end(`HTTP/1.1 ${refused.status} x\r\n${lines.join('')}\r\n${refused.body}`);
    }
    const spoken = protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
    const upgrades = new WebSocketServer({
      noServer: true,
      autoPong: answersPings ?? true,
      handleProtocols: (offered) => spoken.find((one) => offered.has(one)) ?? false,
    });
    return upgrades.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => {});
      serve(request, client, fake.behaviour);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const access: ApiAccess = {
    server: `http://127.0.0.1:${port}`,
    options: () => Promise.resolve({ headers: { authorization: 'Bearer token-of-a-test' } }),
  };
  const fake: FakeApiServer = {
    access,
    api: { access, request: (path, options) => ask(`${access.server}${path}`, options) },
    behaviour,
    requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return fake;
}

function serve(request: IncomingMessage, socket: WebSocket, behaviour: FakeBehaviour): void {
  const url = new URL(request.url ?? '', 'http://fake');
  const [, , , , , , pod = '', subresource = ''] = url.pathname.split('/');
  const send = (channel: number, bytes: Buffer | string): void =>
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(bytes)]));
  if (subresource === 'exec') {
    for (const channel of [1, 2, 3]) send(channel, '');
    const end = (status: object): void => {
      send(3, JSON.stringify(status));
      socket.close(1000);
    };
    void behaviour.exec?.({
      argv: url.searchParams.getAll('command'),
      pod,
      container: url.searchParams.get('container') ?? '',
      socket,
      request,
      stdout: (bytes) => send(1, bytes),
      stderr: (text) => send(2, text),
      exit: (code) =>
        end(
          code === 0
            ? { metadata: {}, status: 'Success' }
            : {
                metadata: {},
                status: 'Failure',
                reason: 'NonZeroExitCode',
                message: `command terminated with non-zero exit code: exit status ${code}`,
                details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
              },
        ),
      failed: (message, code = 500) => end({ metadata: {}, status: 'Failure', reason: 'InternalError', message, code }),
    });
    return;
  }
  const port = Number(url.searchParams.get('ports'));
  const header = Buffer.alloc(2);
  header.writeUInt16LE(port);
  send(0, header);
  send(1, header);
  const chunks: Buffer[] = [];
  const listeners: (() => void)[] = [];
  socket.on('message', (data: Buffer) => {
    chunks.push(data.subarray(1));
    for (const listener of listeners) listener();
  });
  behaviour.forward?.({
    port,
    pod,
    socket,
    data: (bytes) => send(0, bytes),
    error: (text) => send(1, text),
    received: () => Buffer.concat(chunks),
    onData: (listener) => void listeners.push(listener),
  });
}

/** A pod's HTTP server behind a port-forward: answers each request with these bytes, and closes. */
export function answering(bytes: (request: string) => Buffer | string): (stream: FakeForward) => void {
  return (stream) =>
    stream.onData(() => {
      const request = stream.received().toString();
      if (!request.includes('\r\n\r\n')) return;
      stream.data(bytes(request));
      stream.socket.close(1000);
    });
}

/** An HTTP answer with a length. */
export function httpAnswer(status: number, mediaType: string, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body);
  const head = `HTTP/1.1 ${status} OK\r\ncontent-type: ${mediaType}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** A request as the connection makes it, without its care. */
async function ask(
  address: string,
  { method = 'GET', query = {}, body, signal }: Parameters<KubeApi['request']>[1] = {},
): Promise<{ bytes: Buffer }> {
  const url = new URL(address);
  for (const [name, value] of Object.entries(query)) if (value !== null) url.searchParams.set(name, String(value));
  if (signal?.aborted === true) throw new RequestRefused('interrupted', 'it was interrupted', 'run it again');
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.ok) return { bytes };
  const kind = response.status === 403 ? 'forbidden' : response.status === 404 ? 'not-found' : 'server-error';
  throw new RequestRefused(kind, `${response.status}: ${bytes.toString('utf8').slice(0, 200)}`, 'allow it', {
    status: response.status,
  });
}
