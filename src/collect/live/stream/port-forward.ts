/**
 * A connection to a port of a pod, as `kubectl port-forward` makes one, over WebSocket: one connection, one WebSocket.
 *
 * In: a pod and a port, as seen on the pod's loopback interface. Out: a stream of bytes in both directions. Neither side can be
 * closed alone, which the protocol does not have.
 */
import { Duplex } from 'node:stream';
import type { RawData } from 'ws';
import { podPath, type ApiAccess, type PodName } from '../api-access.ts';
import { quoted, StreamError } from './stream-error.ts';
import { closing, messageBytes, openStream, streamTimes, type OpenStream, type StreamTimes } from './web-socket.ts';

const PROTOCOLS = ['v4.channel.k8s.io'];
/** Channels of the first port asked for (kubelet/pkg/cri/streaming/portforward, websocket.go). */
const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port, as 16 bits, little endian. */
const PORT_BYTES = 2;

export interface ForwardOptions {
  readonly signal: AbortSignal;
  readonly times?: StreamTimes;
}

/**
 * Opens a connection to a port of a pod. The stream is destroyed with a StreamError when the connection breaks, or nobody listens
 * on the port.
 * @throws StreamError
 */
export async function forwardPort(
  access: ApiAccess,
  target: PodName,
  port: number,
  { signal, times = streamTimes(access) }: ForwardOptions,
): Promise<Duplex> {
  const path = podPath(target, 'portforward');
  const stream = await openStream(access, {
    path,
    query: [['ports', String(port)]],
    protocols: PROTOCOLS,
    times,
    signal,
  });
  return new ForwardedPort(stream, port);
}

class ForwardedPort extends Duplex {
  private readonly stream: OpenStream;
  private readonly port: number;
  /** Bytes of the port that each channel still owes. */
  private readonly owed: [data: number, error: number] = [PORT_BYTES, PORT_BYTES];

  constructor(stream: OpenStream, port: number) {
    super({ allowHalfOpen: true });
    this.stream = stream;
    this.port = port;
    const { socket } = stream;
    stream.failed.catch((error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))));
    socket.on('message', (data: RawData) => this.receive(messageBytes(data)));
    socket.on('close', (code, reason) => this.closedBy(code, reason));
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // Done when the operating system has taken it, so that a writer waits for a slow reader.
    this.stream.socket.send(Buffer.concat([Buffer.from([DATA]), chunk]), { binary: true }, (error) => done(error));
  }

  override _read(): void {
    this.stream.socket.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stream.release();
    done(error);
  }

  private receive(message: Buffer): void {
    const channel = message[0];
    if (channel !== DATA && channel !== ERROR) {
      if (channel !== undefined)
        this.stream.fail(
          new StreamError('protocol', `a message came on channel ${channel}, which one port does not have`),
        );
      return;
    }
    const skipped = Math.min(this.owed[channel], message.length - 1);
    this.owed[channel] -= skipped;
    const bytes = message.subarray(1 + skipped);
    if (bytes.length === 0) return;
    if (channel === ERROR) this.stream.fail(portError(this.port, bytes.toString('utf8')));
    else if (!this.push(bytes)) this.stream.socket.pause();
  }

  private closedBy(code: number, reason: Buffer): void {
    // Code 1006 stands for an end without a closing handshake (RFC 6455, 7.1.5).
    if (code === 1006)
      this.stream.fail(new StreamError('cut-off', `the connection closed half-way (${closing(code, reason)})`));
    else this.push(null);
  }
}

/** What the container runtime says of a connection that it could not make, on the error channel. */
function portError(port: number, text: string): StreamError {
  if (/connection refused/i.test(text)) {
    return new StreamError(
      'port-closed',
      `nobody listens on port ${port} of the pod's loopback interface: ${quoted(text)}`,
    );
  }
  return new StreamError('refused', quoted(text));
}
