import { request } from 'node:http';
import type { KubeApi, PodName } from '../api-access.ts';
import { forwardPort } from '../stream/port-forward.ts';
import { askOver, type HttpAnswer } from '../stream/pod-http.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { allowStream } from '../stream/stream-gap.ts';
import type { CommandRunner } from './command-runner.ts';
import type { LoopbackHttp } from './node-place.ts';

const BODY_BYTES = 64 * 1024 * 1024;
const DEADLINE_MS = 30_000;

/** Through a port-forward to a pod that shares the node's network namespace. */
export function forwardedLoopback({ access }: KubeApi, pod: PodName): LoopbackHttp {
  return {
    place: `through pod ${pod.namespace}/${pod.pod}`,
    remedy: allowStream('portforward', pod.namespace),
    get: async (port, path, signal) => {
      const connection = await forwardPort(access, pod, port, { signal });
      return await askOver(connection, `127.0.0.1:${port}`, path, { limit: BODY_BYTES });
    },
  };
}

/** Through curl or wget in a place that commands can be run in; for whoever may exec but not port-forward. */
export function commandLoopback(runner: CommandRunner): LoopbackHttp {
  return {
    place: runner.place,
    get: async (port, path, signal) => {
      const url = `http://127.0.0.1:${port}${path}`;
      const problems: string[] = [];
      for (const argv of [
        ['curl', '-sS', '--fail', '--max-time', '20', url],
        ['wget', '-q', '-O', '-', '-T', '20', url],
      ] as const) {
        const outcome = await runner.run(argv, signal);
        if (outcome.kind === 'exited' && outcome.exitCode === 0) {
          return { status: 200, mediaType: '', body: outcome.stdout };
        }
        if (outcome.kind === 'tool-missing') problems.push(`there is no ${argv[0]}`);
        else if (outcome.kind === 'failed') throw new StreamError('refused', outcome.problem);
        else problems.push(`${argv[0]} ended with status ${outcome.exitCode}: ${quoted(outcome.stderr)}`);
      }
      throw new StreamError('refused', `${runner.place}: ${problems.join(', and ')}`);
    },
  };
}

/** On this machine. */
export const LOCAL_LOOPBACK: LoopbackHttp = {
  place: 'on this machine',
  get: async (port, path, signal) => {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port, path, signal: limits, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => reject(new StreamError('cut-off', quoted(error.message))));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, mediaType: '', body: Buffer.concat(chunks) }),
        );
      });
      asking.on('error', (error) => reject(new StreamError('refused', `port ${port}: ${quoted(error.message)}`)));
      asking.end();
    });
  },
};
