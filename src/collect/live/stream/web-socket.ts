import type { IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import type { ApiAccess } from '../api-access.ts';
import { quoted, refusal, StreamError } from './stream-error.ts';

/** The largest message taken; the API server and the kubelet send 32 KiB at most. */
const MESSAGE_BYTES = 16 * 1024 * 1024;
const REFUSAL_BYTES = 64 * 1024;

/** How long a stream may take, in milliseconds. */
export interface StreamTimes {
  /** Until the upgrade has been answered. */
  readonly connect: number;
  /** For all of it. */
  readonly total: number;
  /** Between pings. */
  readonly ping: number;
  /** Without any sign of the other side, pongs included. */
  readonly silence: number;
}

const STREAM_TIMES: StreamTimes = { connect: 15_000, total: 120_000, ping: 5_000, silence: 30_000 };
/** Pings that may stay unanswered until the other side counts as silent. */
const PINGS = 3;

/** What a stream may take: what a request may, where that is less. A command that works for long answers pings, and is not cut off. */
export function streamTimes({ timeout }: Pick<ApiAccess, 'timeout'>): StreamTimes {
  const { connect, total, ping, silence } = STREAM_TIMES;
  const longest = Math.min(silence, timeout ?? silence);
  return { connect: Math.min(connect, longest), total, ping: Math.min(ping, longest / PINGS), silence: longest };
}

/** A stream that has been opened. Its socket is paused until somebody listens to it. */
export interface OpenStream {
  readonly socket: WebSocket;
  /** Never fulfilled; rejected with the StreamError that ended it. */
  readonly failed: Promise<never>;
  /** Ends it for a reason; the first one counts. */
  readonly fail: (error: StreamError) => void;
  /** Ends the timers and closes the connection; no failure comes after that. */
  readonly release: () => void;
}

interface StreamRequest {
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly protocols: readonly string[];
  readonly times: StreamTimes;
  readonly signal: AbortSignal;
}

/**
 * Opens a streaming subresource of the API server as a WebSocket with one of the protocols, watched by a deadline, pings and the
 * signal. Redirects are not followed: they would carry the credentials elsewhere.
 * @throws StreamError
 */
export async function openStream(access: ApiAccess, request: StreamRequest): Promise<OpenStream> {
  const query = new URLSearchParams();
  for (const [name, value] of request.query) query.append(name, value);
  const { headers, agent, ca, cert, key, passphrase, pfx, servername, rejectUnauthorized } = await credentials(access);
  if (request.signal.aborted) throw aborted();
  const upgrade: ClientOptions & { readonly servername: string | undefined } = {
    agent: typeof agent === 'object' ? agent : undefined,
    ca,
    cert,
    key,
    passphrase,
    pfx,
    servername,
    rejectUnauthorized,
    handshakeTimeout: request.times.connect,
    maxPayload: MESSAGE_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
    // Not as an option, which has no room for a header that stands several times (Impersonate-Group).
    finishRequest: (asking) => {
      for (const [name, value] of plainHeaders(headers)) asking.setHeader(name, value);
      asking.end();
    },
  };
  const url = `${access.server.replace(/^http/, 'ws')}${request.path}?${query.toString()}`;
  const socket = new WebSocket(url, [...request.protocols], upgrade);
  const stream = watch(socket, request);
  await Promise.race([openPaused(socket), stream.failed]);
  return stream;
}

async function credentials(access: ApiAccess): Promise<RequestOptions> {
  try {
    return await access.options();
  } catch (error) {
    throw new StreamError('unreachable', quoted(error instanceof Error ? error.message : String(error)));
  }
}

/** What came together with the upgrade would be lost before anybody listens. */
async function openPaused(socket: WebSocket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.once('open', () => {
      socket.pause();
      resolve();
    });
  });
}

/** Watches a connection from its beginning. */
function watch(socket: WebSocket, { times, signal }: StreamRequest): OpenStream {
  let heard = performance.now();
  let ended = false;
  let reject: (error: StreamError) => void = () => {};
  const failed = new Promise<never>((_resolve, refuse) => {
    reject = refuse;
  });
  // Whoever waits for it hears of it; a failure that nobody waits for is not the process's.
  failed.catch(() => {});
  const release = (): void => {
    ended = true;
    clearTimeout(deadline);
    clearInterval(pings);
    signal.removeEventListener('abort', abort);
    socket.terminate();
  };
  const fail = (error: StreamError): void => {
    if (ended) return;
    release();
    reject(error);
  };
  const abort = (): void => fail(aborted());
  const deadline = setTimeout(
    () => fail(new StreamError('timeout', `there was no whole answer within ${times.total / 1000} s`)),
    times.total,
  );
  const pings = setInterval(() => {
    if (socket.isPaused) hear();
    else if (performance.now() - heard > times.silence) {
      fail(new StreamError('timeout', `nothing was heard for ${times.silence / 1000} s`));
    } else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, times.ping);
  const hear = (): void => {
    heard = performance.now();
  };
  signal.addEventListener('abort', abort, { once: true });
  socket.on('message', hear);
  socket.on('pong', hear);
  socket.on('unexpected-response', (_request, response) => void readRefusal(response).then(fail));
  socket.on('error', (error) => fail(connectionError(error, socket.protocol !== '')));
  return { socket, failed, fail, release };
}

function aborted(): StreamError {
  return new StreamError('aborted', 'it was broken off');
}

async function readRefusal(response: IncomingMessage): Promise<StreamError> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > REFUSAL_BYTES) break;
    }
  } catch {
    // The status alone says enough.
  }
  const after = Number(response.headers['retry-after']);
  const text = Buffer.concat(chunks).toString('utf8');
  return refusal(response.statusCode ?? 0, text, Number.isFinite(after) && after >= 0 ? after : undefined);
}

/** What `ws` says of a connection that failed (lib/websocket.js, lib/receiver.js). */
function connectionError(error: Error, opened: boolean): StreamError {
  const code = 'code' in error ? String(error.code) : '';
  const said = quoted(error.message === '' ? code : error.message);
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return new StreamError('too-large', `a message has more than ${MESSAGE_BYTES} bytes`);
  }
  if (code.startsWith('WS_ERR_')) return new StreamError('protocol', `the WebSocket protocol was broken: ${said}`);
  if (opened) return new StreamError('cut-off', `the connection broke: ${said}`);
  if (said === 'Opening handshake has timed out') {
    return new StreamError('timeout', 'the API server did not answer the upgrade');
  }
  if (/subprotocol|Invalid (?:Upgrade|Sec-WebSocket)/.test(said)) {
    return new StreamError(
      'no-websocket',
      `the API server does not speak the WebSocket protocol of this request: ${said}`,
    );
  }
  // It was there: the other side let it go before it answered, as a busy one may.
  if (code === 'ECONNRESET') return new StreamError('cut-off', `the connection broke before the answer: ${said}`);
  return new StreamError('unreachable', `there is no connection to the API server: ${said}`);
}

function plainHeaders(headers: unknown): (readonly [name: string, value: string | string[]])[] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.map(String) : String(value)] as const],
  );
}

/** The bytes of a message. */
export function messageBytes(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** How the other side closed: `status 1006`, `status 1011: broken pipe`. */
export function closing(code: number, reason: Buffer): string {
  return reason.length === 0 ? `status ${code}` : `status ${code}: ${quoted(reason.toString('utf8'))}`;
}
