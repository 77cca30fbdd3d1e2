import { request as httpRequest } from 'node:http';
import type { Artefact } from '../model/artefact.ts';
import { toUtf8 } from './encoding.ts';
import { InputError } from './input-error.ts';

/** Silence after which an admin port is given up. */
const TIMEOUT_MILLISECONDS = 30_000;
const BYTES_LIMIT = 1024 * 1024 * 1024;

/**
 * Asks the admin port of an Envoy, which speaks HTTP without TLS.
 * @param base `http://127.0.0.1:15000`
 * @param path with its query: `/config_dump?include_eds`
 * @throws InputError when it is no such address, does not answer, or answers with another status than 200
 */
export async function askEnvoyAdmin(base: string, path: string, method: 'GET' | 'POST' = 'GET'): Promise<Artefact> {
  const url = adminUrl(base, path);
  const { status, bytes } = await ask(base, url, method);
  if (status !== 200) {
    const said = bytes.toString('utf8', 0, 200).split('\n')[0]?.trim() ?? '';
    const problem = `the admin port at ${base} answers ${method} ${path} with status ${status}${said === '' ? '' : `: ${said}`}`;
    throw new InputError(base, problem, 'Is it the admin port of an Envoy?');
  }
  return { name: `${base}${path}`, capturedAt: null, bytes: toUtf8(bytes) };
}

function adminUrl(base: string, path: string): URL {
  const url = URL.parse(base.includes('://') ? base : `http://${base}`);
  if (url === null || url.protocol !== 'http:') {
    throw new InputError(base, `${base} is no address of an admin port`, 'Give it as http://127.0.0.1:15000.');
  }
  return new URL(path, url);
}

function ask(base: string, url: URL, method: string): Promise<{ readonly status: number; readonly bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(
        new InputError(
          base,
          `the admin port at ${base} cannot be asked: ${error.message}`,
          'Is the proxy running there?',
        ),
      );
    };
    const request = httpRequest(url, { method, timeout: TIMEOUT_MILLISECONDS }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BYTES_LIMIT) response.destroy(new Error('the answer has more than 1 GiB'));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MILLISECONDS / 1000} s`)));
    request.on('error', fail);
    request.end();
  });
}
