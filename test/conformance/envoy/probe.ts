import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ProxyHeader } from '../../../src/model/envoy.ts';
import type { Certificates } from './certificates.ts';

/** A connection that the suite makes, and the request on it. */
export interface Probe {
  readonly listener: string;
  readonly from: string;
  /** 0: any. */
  readonly sourcePort: number;
  readonly to: string;
  readonly port: number;
  readonly tls: {
    readonly sni: string | null;
    readonly alpn: readonly string[];
    readonly identity: string | null;
  } | null;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** The PROXY protocol header that is sent first; absent: none. */
  readonly proxied?: ProxyHeader;
  /** The client sends nothing, and waits for the first that it hears. */
  readonly silent?: true;
  /** HTTP/2 in plaintext; absent: HTTP/1.1. */
  readonly version?: 'h2';
  /** `:protocol` of a CONNECT over HTTP/2; absent: it has none. */
  readonly protocol?: string;
}

/** What the client saw. */
export interface Reply {
  /** `127.0.0.1:40000`, as Envoy sees the client. */
  readonly peer: string;
  /** `127.0.0.1:40000>127.0.1.1:80`: the connection in the access log. */
  readonly connection: string;
  /** Whether the connection was made at all. */
  readonly connected: boolean;
  readonly status: number | null;
  readonly body: string;
}

const PATIENCE_MS = 3000;

/** Whether a whole HTTP response is there: Envoy keeps a connection open for a while after an answer of its own. */
function isWhole(probe: Probe, text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  const bodiless =
    probe.method === 'HEAD' ||
    /^HTTP\/1\.1 (204|304)/.test(text) ||
    (probe.method === 'CONNECT' && text.startsWith('HTTP/1.1 2'));
  return bodiless || (length !== undefined && Buffer.byteLength(text) - end - 4 >= Number(length));
}

/** Makes the connection, sends the request, and reads until the answer is whole or the other side closes. */
export function sendProbe(probe: Probe, certificates: Certificates): Promise<Reply> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let peer = '';
    const raw = connectTcp({
      host: probe.to,
      port: probe.port,
      localAddress: probe.from,
      ...(probe.sourcePort === 0 ? {} : { localPort: probe.sourcePort }),
    });
    let socket: Socket = raw;
    const finish = (): void => {
      raw.destroy();
      const text = Buffer.concat(chunks).toString();
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
      const body = probe.silent === true ? text : text.slice(text.indexOf('\r\n\r\n') + 4);
      resolve({
        peer,
        connection: `${peer}>${destinationOf(probe)}`,
        connected: peer !== '',
        status: status === undefined ? null : Number(status),
        body,
      });
    };
    const timer = setTimeout(finish, PATIENCE_MS);
    const done = (): void => {
      clearTimeout(timer);
      finish();
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      if (probe.silent === true || isWhole(probe, Buffer.concat(chunks).toString())) done();
    };
    raw.once('connect', () => {
      peer = `${raw.localAddress}:${raw.localPort}`;
      if (probe.proxied !== undefined) raw.write(proxyHeader(probe.proxied));
      if (probe.tls === null) {
        if (probe.silent !== true) socket.write(requestText(probe));
        return;
      }
      const pair = probe.tls.identity === null ? undefined : certificates.clients.get(probe.tls.identity);
      const secured = connectTls({
        socket: raw,
        rejectUnauthorized: false,
        ...(probe.tls.sni === null ? {} : { servername: probe.tls.sni }),
        ...(probe.tls.alpn.length === 0 ? {} : { ALPNProtocols: [...probe.tls.alpn] }),
        ...(pair === undefined ? {} : { key: pair.key, cert: pair.certificate }),
      });
      socket = secured;
      secured.once('secureConnect', () => secured.write(requestText(probe)));
      secured.on('data', take);
      secured.once('error', done);
      secured.once('close', done);
    });
    raw.once('error', done);
    if (probe.tls === null) {
      raw.on('data', take);
      raw.once('close', done);
    }
  });
}

/** The local address of the connection, as Envoy sees it. */
function destinationOf({ to, port, proxied }: Probe): string {
  return proxied === undefined ? `${to}:${port}` : `${proxied.destination.address}:${proxied.destination.port}`;
}

/** Of the PROXY protocol (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, sections 2.1 and 2.2). */
function proxyHeader({ version, source, destination }: ProxyHeader): string | Buffer {
  if (version !== 2)
    return `PROXY TCP4 ${source.address} ${destination.address} ${source.port} ${destination.port}\r\n`;
  const octets = (address: string): number[] => address.split('.').map(Number);
  const port = (number: number): number[] => [number >> 8, number & 0xff];
  const addresses = [...octets(source.address), ...octets(destination.address)];
  const ports = [...port(source.port), ...port(destination.port)];
  // PROXY over TCP and IPv4, with twelve bytes of addresses.
  return Buffer.from([...Buffer.from('\r\n\r\n\0\r\nQUIT\n'), 0x21, 0x11, 0, 12, ...addresses, ...ports]);
}

function requestText(probe: Probe): string {
  const headers = [['host', probe.host], ...probe.headers, ['connection', 'close']];
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  const length = Number(probe.headers.find(([name]) => name === 'content-length')?.[1] ?? 0);
  const target = probe.method === 'CONNECT' ? probe.host : probe.path;
  return `${probe.method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${'x'.repeat(length)}`;
}
