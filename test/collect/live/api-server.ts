import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';

/** A request as the server saw it. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** Every header as it was sent, for repeated ones. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  /** Common name of the client's certificate. */
  readonly client: string | undefined;
}

export type Handler = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void;

export interface FakeApiServer {
  readonly url: string;
  readonly requests: Seen[];
  close(): Promise<void>;
}

const TLS = new URL('../../fixtures/tls/', import.meta.url);

export function tlsFile(name: string): string {
  return new URL(name, TLS).pathname;
}

/** Starts an HTTP server on loopback that answers as the handler says. */
export async function startApiServer(handler: Handler, secure = false): Promise<FakeApiServer> {
  const requests: Seen[] = [];
  const sockets = new Set<Socket>();
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://server');
      const peer = secure ? (request.socket as TLSSocket).getPeerCertificate() : undefined;
      const seen: Seen = {
        method: request.method ?? '',
        url: request.url ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        rawHeaders: request.rawHeaders,
        body: Buffer.concat(chunks).toString('utf8'),
        client: peer?.subject === undefined ? undefined : peer.subject.CN,
      };
      requests.push(seen);
      handler(seen, response, request);
    });
  };
  const server = secure
    ? https.createServer(
        {
          key: readFileSync(tlsFile('server.key')),
          cert: readFileSync(tlsFile('server.crt')),
          ca: readFileSync(tlsFile('ca.crt')),
          requestCert: true,
          rejectUnauthorized: false,
        },
        listener,
      )
    : http.createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Answers with JSON. */
export function answerJson(response: ServerResponse, value: unknown, status = 200, headers: object = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Answers with JSON packed by gzip, as an API server does for long answers. */
export function answerPacked(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
  response.end(gzipSync(JSON.stringify(value)));
}

/** A Status as the API server sends it with an error. */
export function statusObject(code: number, reason: string, message: string) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
