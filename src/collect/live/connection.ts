/**
 * A connection to one API server. In: what kubectl's flags and kubeconfig say. Out: answers of the API as bytes, or a typed refusal
 * with what would help. Every request has a deadline, few run at a time, and those that may are tried again. It must not interpret
 * an answer, and nothing secret may stand in what it says.
 */
import type { RequestOptions as HttpsOptions } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import type { ApiAccess, KubeApi } from './api-access.ts';
import type { ConnectionFlags } from './connection-flags.ts';
import { startDeadline } from './deadline.ts';
import { exchange, type Answer } from './exchange.ts';
import { failureRefusal } from './failure-refusal.ts';
import { Identity } from './identity.ts';
import type { Environment } from './kubeconfig.ts';
import type { Permission } from './permission.ts';
import { concernsServer, interrupted, RequestRefused, type RefusalKind } from './refusal.ts';
import { requestTimeout } from './request-timeout.ts';
import { chooseTarget, type ConnectionTarget } from './target.ts';
import { Turns } from './turns.ts';

export interface RequestOptions {
  /** POST for questions that change nothing (SelfSubjectAccessReview) and for what a person asked to be made; DELETE for that alone. */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | null>>;
  /** Media types; JSON without it. */
  readonly accept?: string;
  readonly body?: object;
  /** What RBAC must allow, for the remedy of a refusal. */
  readonly permission?: Permission | null;
  readonly signal?: AbortSignal;
  /** Whether it is made after Ctrl-C as well: it takes away what was made. */
  readonly tidiesUp?: boolean;
  /** Bytes of the unpacked answer. */
  readonly bytesLimit?: number;
}

/** What was asked of the API server so far. */
export interface Traffic {
  readonly requests: number;
  /** Bytes of the answers, as they came over the wire. */
  readonly bytes: number;
}

/** What surrounds the process; tests give their own. */
export interface ConnectionSurroundings {
  readonly environment: Environment;
  /** Whether standard input is a terminal at which a credential plugin may ask. */
  readonly hasTerminal: boolean;
  readonly signal: AbortSignal;
}

const AT_ONCE = 6;
const FIRST_PAUSE_MS = 250;
/** Waiting for a server to recover ends here. */
const PATIENCE_MS = 20_000;
/** For how long a server that could not be asked at all is not asked again. */
const DOWN_MS = 10_000;
const BYTES_LIMIT = 1024 * 1024 * 1024;

/** How often a request is made at most, by what became of it; what is not named is asked once. */
const ATTEMPTS: Readonly<Partial<Record<RefusalKind, number>>> = {
  throttled: 5,
  'server-error': 5,
  'connection-lost': 5,
  unreachable: 3,
};

export class Connection implements KubeApi {
  readonly target: ConnectionTarget;
  /** For whatever takes a KubeConfig of client-node; it asks as the same identity. */
  readonly identity: Identity;
  /** Ends every request: Ctrl-C. */
  readonly signal: AbortSignal;
  /** Milliseconds for one request; null: no deadline (`--request-timeout 0`). */
  readonly timeout: number | null;
  readonly #turns = new Turns(AT_ONCE);
  #requests = 0;
  #bytes = 0;
  #down: { readonly refusal: RequestRefused; readonly until: number } | undefined;

  constructor(target: ConnectionTarget, timeout: number | null, surroundings: ConnectionSurroundings) {
    this.target = target;
    this.timeout = timeout;
    this.signal = surroundings.signal;
    this.identity = new Identity(target, surroundings.environment, surroundings.hasTerminal, surroundings.signal);
  }

  get traffic(): Traffic {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  /**
   * Asks the API server.
   * @param path begins with a slash, without the server's own path
   * @throws RequestRefused
   */
  async request(path: string, options: RequestOptions = {}): Promise<Answer> {
    return this.#turns.take(() => this.#insist(path, options));
  }

  /** How streams (exec, port-forward) reach the same server as the same identity. */
  get access(): ApiAccess {
    return {
      server: this.target.server.href.replace(/\/$/, ''),
      options: async () => {
        const options: HttpsOptions = {};
        await this.identity.applyToHTTPSOptions(options);
        return options;
      },
    };
  }

  /** Ends idle connections, which would keep the process alive. */
  close(): void {
    this.identity.close();
  }

  /** Tries until there is an answer, or waiting makes no sense. */
  async #insist(path: string, options: RequestOptions): Promise<Answer> {
    const start = performance.now();
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      if (this.#down !== undefined && performance.now() < this.#down.until) throw this.#down.refusal;
      try {
        const answer = await this.#attempt(path, options);
        this.#down = undefined;
        return answer;
      } catch (error) {
        const refusal = this.#cleaned(failureRefusal(error, this.target.server.origin));
        if (refusal.kind === 'unauthorized' && this.identity.renewable && !renewed) {
          renewed = true;
          this.identity.renew();
          continue;
        }
        const pause = refusal.retryAfter ?? FIRST_PAUSE_MS * 2 ** (attempt - 1) * (1 + Math.random() / 4);
        const late = performance.now() - start + pause > PATIENCE_MS;
        const safe = options.method !== 'POST';
        if (!safe || attempt >= (ATTEMPTS[refusal.kind] ?? 1) || late) throw this.#givenUp(refusal);
        await this.#pause(pause, options);
      }
    }
  }

  async #attempt(
    path: string,
    { method = 'GET', query = {}, accept, body, permission, signal, tidiesUp = false, bytesLimit }: RequestOptions,
  ) {
    const url = new URL(this.target.server);
    url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
    for (const [key, value] of Object.entries(query)) if (value !== null) url.searchParams.set(key, String(value));
    this.#requests += 1;
    return await exchange(url, {
      method,
      accept: accept ?? 'application/json',
      body: body === undefined ? null : JSON.stringify(body),
      identity: this.identity,
      compressed: !this.target.cluster.disableCompression,
      timeout: this.timeout,
      interrupts: [...(tidiesUp ? [] : [this.signal]), ...(signal === undefined ? [] : [signal])],
      permission: permission ?? null,
      bytesLimit: bytesLimit ?? BYTES_LIMIT,
      meter: (bytes) => {
        this.#bytes += bytes;
      },
    });
  }

  /** Other requests need not find out by themselves that the server cannot be asked. */
  #givenUp(refusal: RequestRefused): RequestRefused {
    if (concernsServer(refusal.kind)) this.#down = { refusal, until: performance.now() + DOWN_MS };
    return refusal;
  }

  async #pause(milliseconds: number, { signal }: RequestOptions): Promise<void> {
    const deadline = startDeadline(null, signal === undefined ? [this.signal] : [this.signal, signal]);
    try {
      await wait(milliseconds, undefined, { signal: deadline.signal });
    } catch {
      throw interrupted();
    } finally {
      deadline.done();
    }
  }

  #cleaned(refusal: RequestRefused): RequestRefused {
    const { kind, status, retryAfter } = refusal;
    const clean = (text: string): string =>
      this.identity.secrets
        .reduce((left, secret) => left.replaceAll(secret, '…'), text)
        .replace(/\/\/[^/@\s]{1,400}@/g, '//…@');
    return new RequestRefused(kind, clean(refusal.message), clean(refusal.remedy), { status, retryAfter });
  }
}

/**
 * Chooses the server and the identity; nothing is asked yet.
 * @throws InputError when kubeconfig or flags name none
 */
export function connect(flags: ConnectionFlags, surroundings: ConnectionSurroundings): Connection {
  return new Connection(
    chooseTarget(flags, surroundings.environment),
    requestTimeout(flags.requestTimeout),
    surroundings,
  );
}
