import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { quoted, StreamError } from './stream-error.ts';

const BODY_BYTES = 1024 * 1024 * 1024;

/** POST alone changes anything at the other end. */
type HttpMethod = 'GET' | 'POST';

/** An answer, whole. */
export interface HttpAnswer {
  readonly status: number;
  /** `application/json`, without parameters; empty when the server does not say. */
  readonly mediaType: string;
  readonly body: Buffer;
}

/**
 * Asks over a connection that has been opened, and closes it.
 * @param path with its query: `/config_dump?include_eds`
 * @throws StreamError when the answer is not HTTP, not whole, or larger than the limit
 */
export async function askOver(
  connection: Duplex,
  host: string,
  path: string,
  { limit = BODY_BYTES, method = 'GET' }: { readonly limit?: number; readonly method?: HttpMethod } = {},
): Promise<HttpAnswer> {
  try {
    const response = await send(connection, host, path, method);
    const body = await readBody(response, limit);
    // Where the connection's end is the body's, node:http takes a broken connection for a whole answer.
    if (connection.errored !== null) throw connection.errored;
    const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    return { status: response.statusCode ?? 0, mediaType, body };
  } catch (error) {
    // The connection's own reason tells more than the reader's.
    throw connection.errored instanceof StreamError ? connection.errored : httpError(error);
  } finally {
    connection.destroy();
  }
}

async function send(connection: Duplex, host: string, path: string, method: HttpMethod): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest({
      createConnection: () => connection,
      method,
      path,
      headers: { host, connection: 'close', 'accept-encoding': 'identity' },
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.end();
  });
}

async function readBody(response: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new StreamError('too-large', `the answer has more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function httpError(error: unknown): StreamError {
  if (error instanceof StreamError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const said = quoted(error instanceof Error ? error.message : String(error));
  if (code.startsWith('HPE_')) return new StreamError('protocol', `the answer is no HTTP/1: ${said}`);
  return new StreamError('cut-off', `the connection closed before the answer was whole: ${said}`);
}
