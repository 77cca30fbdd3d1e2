import { readFileSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Lab } from '../lab/lab.ts';

/** Answers a request instead of the API server. @returns whether it did */
export type RequestFault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Takes a stream (exec, port-forward) instead of the API server. @returns whether it did */
export type StreamFault = (request: IncomingMessage, socket: Duplex, pass: () => Duplex) => boolean;

export interface Faults {
  readonly request?: RequestFault;
  readonly stream?: StreamFault;
}

/** Stands on loopback before the API server of a lab, asks it as the administrator, and spoils what it is told to. */
export interface FaultyProxy {
  readonly url: string;
  faults: Faults;
  close(): Promise<void>;
}

/** Starts a proxy that spoils nothing yet. */
export async function startFaultyProxy(lab: Lab): Promise<FaultyProxy> {
  const upstream = new URL(lab.state.server);
  const folder = join(lab.record.folder, 'control-plane');
  const identity = {
    ca: readFileSync(join(folder, 'ca.crt')),
    cert: readFileSync(join(folder, 'admin.crt')),
    key: readFileSync(join(folder, 'admin.key')),
  };
  const agent = new https.Agent({ ...identity, keepAlive: true });
  const sockets = new Set<Duplex>();
  const keep = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = http.createServer((request, response) => {
    if (proxy.faults.request?.(request, response) === true) return;
    const { method, headers, url = '/' } = request;
    const passed = https.request(new URL(url, upstream), { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  server.on('connection', (socket: Socket) => keep(socket));
  server.on('upgrade', (request, socket: Duplex) => {
    const pass = (): Duplex => {
      const port = Number(upstream.port);
      const passed = tls.connect({ ...identity, host: upstream.hostname, port, ALPNProtocols: ['http/1.1'] });
      keep(passed);
      passed.write(headOf(request));
      socket.pipe(passed);
      socket.on('close', () => passed.destroy());
      return passed;
    };
    if (proxy.faults.stream?.(request, socket, pass) === true) return;
    const passed = pass();
    passed.pipe(socket);
    passed.on('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: {},
    close: async () => {
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
  return proxy;
}

/** A request's head, as it came. */
export function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = rawHeaders.flatMap((word, at) => (at % 2 === 0 ? [`${word}: ${rawHeaders[at + 1] ?? ''}\r\n`] : []));
  return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Answers with a Status, as the API server does. */
export function status(response: ServerResponse, code: number, reason: string, headers: object = {}): true {
  const message = `the test says ${reason}`;
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(
    JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }),
  );
  return true;
}
