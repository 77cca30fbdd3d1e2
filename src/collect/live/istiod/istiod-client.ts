/**
 * Asks one istiod. In: its pod, and what is wanted. Out: the answer's bytes. There are three ways: its monitoring port over HTTP, and its
 * discovery service with TLS, with a token that the API server gives for that alone, or in plain text.
 */
import type { Cursor } from '../../../model/json.ts';
import type { KubeApi } from '../api-access.ts';
import { RequestRefused } from '../refusal.ts';
import { askOver } from '../stream/pod-http.ts';
import { forwardPort } from '../stream/port-forward.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { askAds, type AdsTarget } from './ads.ts';
import { syncStatusJson } from './client-config.ts';
import type { DiscoveryResponse } from './discovery-codec.ts';
import { openLocalForward } from './local-forward.ts';
import { jsonAnswer } from '../json-answer.ts';

const MONITORING_PORT = 15_014;
const SECURE_PORT = 15_012;
const PLAIN_PORT = 15_010;
const BODY_BYTES = 1024 * 1024 * 1024;
/** The audience that istiod asks of a token (pkg/security, TrustedJwt). */
const AUDIENCE = 'istio-ca';
const TOKEN_SECONDS = 600;
const DEBUG_TYPE = 'istio.io/debug';
const SYNC_TYPE = 'istio.io/debug/syncz';
/** Another port would be refused alike. */
const LASTING: ReadonlySet<string> = new Set(['gone', 'no-websocket', 'aborted']);

interface Secret {
  /** null: this identity may not have one. */
  readonly token: string | null;
  /** null: it is not known. */
  readonly authority: Buffer | null;
}

export class IstiodClient {
  readonly #api: KubeApi;
  readonly #namespace: string;
  #secret: Promise<Secret> | undefined;

  /** @param namespace of istiod */
  constructor(api: KubeApi, namespace: string) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /**
   * How far each proxy that is connected to it is, as a DiscoveryResponse in protobuf JSON (pilot/pkg/xds/statusgen.go); where only its
   * monitoring port answers, as that lists it (pilot/pkg/xds/debug.go).
   * @throws StreamError
   */
  async syncStatus(istiod: string, signal: AbortSignal): Promise<Buffer> {
    const read = (response: DiscoveryResponse): Buffer => {
      try {
        return Buffer.from(`${JSON.stringify(syncStatusJson(response), null, 1)}\n`);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new StreamError('protocol', `istiod's answer cannot be read: ${quoted(error.message)}`);
      }
    };
    const question = { typeUrl: SYNC_TYPE, resourceNames: [] };
    return await firstOf([
      () => this.#overTls(istiod, question, read, signal),
      () => this.#overPlainText(istiod, question, read, signal),
      async () => withJson(await this.#overHttp(istiod, 'syncz', signal)),
    ]);
  }

  /**
   * The body of a debug endpoint, which must be JSON: istiod answers some mistakes with status 200 and text.
   * @param path `edsz?proxyID=reviews-v1.bookinfo`
   * @throws StreamError
   */
  async debugJson(istiod: string, path: string, signal: AbortSignal): Promise<Buffer> {
    return await firstOf([
      async () => withJson(await this.#overHttp(istiod, path, signal)),
      () => this.#overTls(istiod, debugQuestion(path), (response) => withJson(bodyOf(response)), signal),
      () => this.#overPlainText(istiod, debugQuestion(path), (response) => withJson(bodyOf(response)), signal),
    ]);
  }

  /**
   * The body of a debug endpoint, whatever it is, asked over gRPC first as istioctl does.
   * @throws StreamError
   */
  async debugText(istiod: string, path: string, signal: AbortSignal): Promise<Buffer> {
    return await firstOf([
      () => this.#overTls(istiod, debugQuestion(path), bodyOf, signal),
      () => this.#overPlainText(istiod, debugQuestion(path), bodyOf, signal),
      () => this.#overHttp(istiod, path, signal),
    ]);
  }

  async #overHttp(istiod: string, path: string, signal: AbortSignal): Promise<Buffer> {
    const pod = { namespace: this.#namespace, pod: istiod };
    const connection = await forwardPort(this.#api.access, pod, MONITORING_PORT, { signal });
    const limit = { limit: BODY_BYTES };
    const { status, body } = await askOver(connection, `localhost:${MONITORING_PORT}`, `/debug/${path}`, limit);
    if (status === 200) return body;
    throw new StreamError('refused', `port ${MONITORING_PORT} answers with status ${status}: ${startOf(body)}`);
  }

  async #overTls(
    istiod: string,
    question: DebugQuestion,
    read: (response: DiscoveryResponse) => Buffer,
    signal: AbortSignal,
  ): Promise<Buffer> {
    this.#secret ??= this.#credentials(signal);
    const { token, authority } = await this.#secret;
    const tls = { authority, serverName: `istiod.${this.#namespace}.svc` };
    return read(await this.#overAds(istiod, SECURE_PORT, { tls, token }, question, signal));
  }

  async #overPlainText(
    istiod: string,
    question: DebugQuestion,
    read: (response: DiscoveryResponse) => Buffer,
    signal: AbortSignal,
  ): Promise<Buffer> {
    return read(await this.#overAds(istiod, PLAIN_PORT, { tls: null, token: null }, question, signal));
  }

  async #overAds(
    istiod: string,
    port: number,
    { tls, token }: Omit<AdsTarget, 'address'>,
    question: DebugQuestion,
    signal: AbortSignal,
  ): Promise<DiscoveryResponse> {
    const forward = await openLocalForward(this.#api, { namespace: this.#namespace, pod: istiod }, port, signal);
    try {
      const target = { address: `127.0.0.1:${forward.port}`, tls, token };
      return await askAds(target, { ...question, namespace: this.#namespace, signal });
    } catch (error) {
      // Why the way there failed tells more than that there was no answer.
      throw forward.failure() ?? error;
    } finally {
      forward.close();
    }
  }

  /** A short-lived token for istiod alone, and the authority of its certificate. */
  async #credentials(signal: AbortSignal): Promise<Secret> {
    const base = `/api/v1/namespaces/${encodeURIComponent(this.#namespace)}`;
    const place = { group: '', namespace: this.#namespace, namespaced: true };
    const token = await this.#read(`${base}/serviceaccounts/default/token`, {
      method: 'POST',
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [AUDIENCE], expirationSeconds: TOKEN_SECONDS },
      },
      permission: { verb: 'create', resource: 'serviceaccounts/token', ...place },
      signal,
    });
    const roots = await this.#read(`${base}/configmaps/istio-ca-root-cert`, {
      permission: { verb: 'get', resource: 'configmaps', ...place },
      signal,
    });
    const pem = roots?.at('data', 'root-cert.pem').string();
    return {
      token: token?.at('status', 'token').string() ?? null,
      authority: pem === undefined ? null : Buffer.from(pem),
    };
  }

  async #read(path: string, options: Parameters<KubeApi['request']>[1]): Promise<Cursor | undefined> {
    try {
      const { bytes } = await this.#api.request(path, options);
      return jsonAnswer(bytes);
    } catch (error) {
      if (error instanceof RequestRefused) return undefined;
      throw error;
    }
  }
}

interface DebugQuestion {
  readonly typeUrl: string;
  readonly resourceNames: readonly string[];
}

function debugQuestion(path: string): DebugQuestion {
  return { typeUrl: DEBUG_TYPE, resourceNames: [path] };
}

/** What the first way that works brings. @throws StreamError of the reason that another way would not change, or of all reasons */
async function firstOf(ways: readonly (() => Promise<Buffer>)[]): Promise<Buffer> {
  const problems: string[] = [];
  for (const ask of ways) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (error.status === 401 || error.status === 403 || LASTING.has(error.failure)) throw error;
      problems.push(error.message);
    }
  }
  throw new StreamError('refused', problems.join('; '));
}

function bodyOf({ resources: [resource] }: DiscoveryResponse): Buffer {
  if (resource === undefined) throw new StreamError('refused', 'istiod has no answer');
  return resource.value;
}

function withJson(body: Buffer): Buffer {
  if (/^\s*[{[]/.test(body.toString('utf8', 0, 400))) return body;
  throw new StreamError('refused', `istiod answers with text: ${startOf(body)}`);
}

function startOf(body: Buffer): string {
  const start = body.toString('utf8', 0, 400).trim();
  return start === '' ? 'nothing' : quoted(start);
}
