import { Agent, request } from 'node:https';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from './certificates.ts';
import { collectionPath, type KubernetesObject } from './objects.ts';

/** The API server refused. */
class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

interface CallOptions {
  readonly body?: unknown;
  /** `application/json` unless told. */
  readonly contentType?: string;
}

/** The lab's own administrator of its API server; tests of the tool never use it to collect. */
export class ApiClient {
  readonly server: string;
  readonly #agent: Agent;

  constructor(server: string, authority: string, admin: KeyPair) {
    this.server = server;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 16,
      ca: readFileSync(authority),
      cert: readFileSync(admin.certificate),
      key: readFileSync(admin.key),
    });
  }

  /** @returns the body @throws ApiError for a status of 400 and above */
  async call(method: string, path: string, { body, contentType }: CallOptions = {}): Promise<string> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { accept: 'application/json', 'content-type': contentType ?? 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, this.server), { method, agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const answer = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          if (status < 400) resolve(answer);
          else reject(new ApiError(status, `${method} ${path}: ${status} ${answer}`));
        });
      });
      sent.once('error', reject);
      sent.end(text);
    });
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.call('GET', path)) as T;
  }

  async list<T = KubernetesObject>(path: string): Promise<T[]> {
    return (await this.get<{ items: T[] }>(path)).items;
  }

  /** Creates an object, or brings one that exists to this state; then its status, if it has one. */
  async apply(object: KubernetesObject): Promise<void> {
    const collection = collectionPath(object);
    const path = `${collection}/${object.metadata.name}`;
    const { status, ...rest } = object;
    const apply = '?fieldManager=lab&force=true';
    await this.call('PATCH', `${path}${apply}`, { body: rest, contentType: 'application/apply-patch+yaml' });
    if (status === undefined) return;
    await this.call('PATCH', `${path}/status`, { body: { status }, contentType: 'application/merge-patch+json' });
  }

  /** Asks each 50 milliseconds until a condition holds. @throws after the seconds given, with what was awaited */
  async until(what: string, seconds: number, condition: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + seconds * 1000;
    let last = '';
    for (;;) {
      try {
        if (await condition()) return;
      } catch (error) {
        last = `: ${String(error)}`;
      }
      if (Date.now() > end) throw new Error(`not within ${seconds} s: ${what}${last}`);
      await sleep(50);
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}
