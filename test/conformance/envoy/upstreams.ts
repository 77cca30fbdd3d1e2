import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';

/** Tiny servers on loopback ports; each answers with its own port, and with the path and host that reached it. */
export class Upstreams {
  readonly ports: readonly number[];
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
    this.ports = servers.map((server) => (server.address() as { port: number }).port);
  }

  static async start(count: number): Promise<Upstreams> {
    const servers = Array.from({ length: count }, () =>
      createServer((request, response) => {
        const body = JSON.stringify({
          port: request.socket.localPort,
          path: request.url,
          host: request.headers.host,
          headers: request.headers,
        });
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
        response.end(request.method === 'HEAD' ? undefined : body);
        request.resume();
      }),
    );
    for (const server of servers) {
      server.on('connect', (_request, socket) => {
        // Who asked may have gone: the server itself looks after errors only until it hands the socket over.
        socket.on('error', () => socket.destroy());
        socket.end('HTTP/1.1 200 OK\r\n\r\n');
      });
    }
    await Promise.all(servers.map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
    return new Upstreams(servers);
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}
