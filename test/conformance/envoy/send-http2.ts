import { connect as connectHttp2 } from 'node:http2';
import type { OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Probe, Reply } from './probe.ts';

const PATIENCE_MS = 3000;
/** A server that speaks HTTP/2 says its settings first, of itself (RFC 9113, section 3.4); others may wait for more, forever. */
const SETTINGS_PATIENCE_MS = 2000;

/** Sends a request over HTTP/2 in plaintext, and reads until its stream ends, or a tunnel stands. */
export function sendHttp2(probe: Probe): Promise<Reply> {
  return new Promise((resolve) => {
    const { to: host, port, from: localAddress, sourcePort: localPort } = probe;
    const socket = connectTcp({ host, port, localAddress, localPort });
    const chunks: Buffer[] = [];
    let status: number | null = null;
    let peer = '';
    socket.once('connect', () => (peer = `${socket.localAddress}:${socket.localPort}`));
    const session = connectHttp2(`http://${probe.to}:${probe.port}`, { createConnection: () => socket });
    const finish = (): void => {
      clearTimeout(timer);
      session.destroy();
      socket.destroy();
      const connection = `${peer}>${probe.to}:${probe.port}`;
      resolve({ peer, connection, connected: peer !== '', status, body: Buffer.concat(chunks).toString() });
    };
    let timer = setTimeout(finish, SETTINGS_PATIENCE_MS);
    session.once('error', finish);
    // The server says first whether it takes a CONNECT with a protocol.
    session.once('remoteSettings', () => {
      clearTimeout(timer);
      timer = setTimeout(finish, PATIENCE_MS);
      const length = Number(probe.headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
      const stream = session.request(headersOf(probe), { endStream: probe.method !== 'CONNECT' && length === 0 });
      if (length > 0) stream.end('x'.repeat(length));
      stream.once('response', (headers) => {
        status = headers[':status'] ?? null;
        if (probe.method === 'CONNECT' && status === 200) finish();
      });
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('error', finish);
      stream.once('close', finish);
    });
  });
}

function headersOf({ method, host, path, protocol, headers }: Probe): OutgoingHttpHeaders {
  const line: OutgoingHttpHeaders = { ':method': method, ':authority': host };
  const hasPath = method !== 'CONNECT' || protocol !== undefined;
  return {
    ...line,
    ...(hasPath ? { ':path': path, ':scheme': 'http' } : {}),
    ...(protocol === undefined ? {} : { ':protocol': protocol }),
    ...Object.fromEntries(headers),
  };
}
