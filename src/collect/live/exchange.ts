import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { formatBytes } from '../limits.ts';
import { startDeadline, untilAborted } from './deadline.ts';
import type { Identity } from './identity.ts';
import type { Permission } from './permission.ts';
import { interrupted, RequestRefused } from './refusal.ts';
import { notKubernetes, statusRefusal } from './status-refusal.ts';

/** An answer with status 200 or 201. */
export interface Answer {
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. */
  readonly bytes: Buffer;
  /** RFC 3339. */
  readonly receivedAt: string;
}

export interface Exchange {
  readonly method: string;
  readonly accept: string;
  readonly body: string | null;
  readonly identity: Identity;
  /** Whether the answer may be packed. */
  readonly compressed: boolean;
  /** Milliseconds; null: none. */
  readonly timeout: number | null;
  /** Any of them ends it. */
  readonly interrupts: readonly AbortSignal[];
  readonly permission: Permission | null;
  readonly bytesLimit: number;
  /** Counts bytes of the answer as they come. */
  readonly meter: (bytes: number) => void;
}

const unpack = promisify(gunzip);

/**
 * One request and its whole answer.
 * @throws RequestRefused for an answer that is none, and for a deadline or an interruption; Node's errors as they are
 */
export async function exchange(url: URL, options: Exchange): Promise<Answer> {
  const { timeout, interrupts } = options;
  const deadline = startDeadline(timeout, interrupts);
  try {
    return await converse(url, options, deadline.signal);
  } catch (error) {
    if (deadline.expired()) throw tooSlow(url, timeout ?? 0);
    if (deadline.signal.aborted) throw interrupted();
    throw error;
  } finally {
    deadline.done();
  }
}

async function converse(url: URL, options: Exchange, signal: AbortSignal): Promise<Answer> {
  const { method, accept, body, identity, compressed, permission, bytesLimit } = options;
  const { agent, auth, headers } = await untilAborted(identity.prepared(), signal);
  const request = (url.protocol === 'https:' ? https : http).request(url, {
    method,
    signal,
    agent,
    auth,
    headers: {
      ...headers,
      accept,
      'user-agent': 'kubectl-reach',
      ...(compressed ? { 'accept-encoding': 'gzip' } : {}),
      ...(body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    // It stays: an error after the answer concerns nobody.
    request.on('error', reject);
  });
  request.end(body ?? undefined);
  const response = await answered;
  const bytes = await unpacked(response, await readWhole(response, options), bytesLimit);
  const { statusCode = 0 } = response;
  if (statusCode !== 200 && statusCode !== 201) throw statusRefusal(statusCode, response.headers, bytes, permission);
  const type = response.headers['content-type'] ?? '';
  if (!type.startsWith('application/json'))
    throw notKubernetes(`answers with ${type === '' ? 'no type' : type.slice(0, 80)}`, statusCode);
  return { headers: response.headers, bytes, receivedAt: new Date().toISOString() };
}

async function readWhole(response: IncomingMessage, { meter, bytesLimit }: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    meter(chunk.length);
    if (size > bytesLimit) {
      response.destroy();
      throw tooLarge(bytesLimit);
    }
    chunks.push(chunk);
  }
  if (!response.complete) throw new Error('the answer breaks off');
  return Buffer.concat(chunks);
}

async function unpacked(response: IncomingMessage, bytes: Buffer, bytesLimit: number): Promise<Buffer> {
  if (response.headers['content-encoding'] !== 'gzip') return bytes;
  try {
    return await unpack(bytes, { maxOutputLength: bytesLimit });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(bytesLimit);
    throw new Error('the packed answer is damaged', { cause: error });
  }
}

function tooSlow(url: URL, timeout: number): RequestRefused {
  return new RequestRefused(
    'timeout',
    `the API server ${url.origin} gave no whole answer within ${timeout / 1000} s`,
    'give it more time with --request-timeout, or check the network',
  );
}

function tooLarge(limit: number): RequestRefused {
  return new RequestRefused('too-large', `the answer has more than ${formatBytes(limit)}`, 'ask about one namespace');
}
