import { createServer, type Socket } from 'node:net';
import type { KubeApi, PodName } from '../api-access.ts';
import { forwardPort } from '../stream/port-forward.ts';

/** A port of this machine's loopback interface that leads to a port of a pod. */
export interface LocalForward {
  readonly port: number;
  /** Why the last connection failed; null: none did. */
  failure(): Error | null;
  close(): void;
}

/** Opens one, for clients that make their connections themselves. Until it is closed, whoever is on this machine can use it. */
export async function openLocalForward(
  { access }: KubeApi,
  pod: PodName,
  port: number,
  signal: AbortSignal,
): Promise<LocalForward> {
  const sockets = new Set<Socket>();
  let failure: Error | null = null;
  const join = async (socket: Socket): Promise<void> => {
    try {
      const stream = await forwardPort(access, pod, port, { signal });
      stream.on('error', (error) => {
        failure = error;
        socket.destroy();
      });
      socket.on('close', () => stream.destroy());
      socket.pipe(stream).pipe(socket);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      socket.destroy();
    }
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    void join(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    failure: () => failure,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
