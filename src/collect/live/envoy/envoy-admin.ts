import http from 'node:http';
import https from 'node:https';
import type { KubeApi, PodName } from '../api-access.ts';
import { forwardPort } from '../stream/port-forward.ts';
import { askOver, type HttpAnswer } from '../stream/pod-http.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';

/** The configuration of a mesh of 5,000 Services with endpoints has some 60 MB. */
const BODY_BYTES = 1024 * 1024 * 1024;
const DEADLINE_MS = 60_000;

/** Admin port of Istio's proxies. */
export const ISTIO_ADMIN_PORT = 15_000;

/** Asks the admin interface of one Envoy. */
export interface EnvoyAdmin {
  /** `port 15000 of pod bookinfo/reviews-v1`, `http://127.0.0.1:9901` */
  readonly place: string;
  /** @throws StreamError when there is no whole answer */
  get(path: string, signal: AbortSignal): Promise<HttpAnswer>;
}

/** An admin interface that can be told to change something, too. */
export interface ChangeableAdmin extends EnvoyAdmin {
  /** @throws StreamError when there is no whole answer */
  post(path: string, signal: AbortSignal): Promise<HttpAnswer>;
}

/** The admin interface of a pod's Envoy, which listens on the pod's loopback interface. */
export function podAdmin({ access }: KubeApi, pod: PodName, port: number): ChangeableAdmin {
  const ask = async (method: 'GET' | 'POST', path: string, signal: AbortSignal): Promise<HttpAnswer> =>
    await askOver(await forwardPort(access, pod, port, { signal }), `localhost:${port}`, path, { method });
  return {
    place: `port ${port} of pod ${pod.namespace}/${pod.pod}`,
    get: (path, signal) => ask('GET', path, signal),
    post: (path, signal) => ask('POST', path, signal),
  };
}

/**
 * An admin interface that can be reached from here. Redirects are not followed, and nothing but the path is appended to the URL.
 * @param url `http://127.0.0.1:9901`
 */
export function urlAdmin(url: URL): EnvoyAdmin {
  const base = url.href.replace(/\/$/, '');
  return {
    place: base,
    get: async (path, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
      try {
        return await askUrl(`${base}${path}`, limit);
      } catch (error) {
        if (error instanceof StreamError) throw error;
        if (signal.aborted) throw new StreamError('aborted', 'it was broken off');
        if (limit.aborted) throw new StreamError('timeout', `there was no whole answer within ${DEADLINE_MS / 1000} s`);
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        const said = quoted(error instanceof Error && error.message !== '' ? error.message : code);
        if (code === 'ECONNREFUSED') throw new StreamError('port-closed', `nobody listens there: ${said}`);
        throw new StreamError(code.startsWith('HPE_') ? 'protocol' : 'unreachable', said);
      }
    },
  };
}

async function askUrl(address: string, signal: AbortSignal): Promise<HttpAnswer> {
  const client = address.startsWith('https:') ? https : http;
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const headers = { 'accept-encoding': 'identity', connection: 'close' };
    client.get(address, { signal, headers, agent: false }, resolve).on('error', reject);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new StreamError('too-large', `the answer has more than ${BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    mediaType: (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
    body: Buffer.concat(chunks),
  };
}
