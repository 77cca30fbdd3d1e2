/**
 * What istiod knows, from its debug endpoints.
 *
 * In: names of artefacts (`clusters/C/istiod/POD/syncz.json`, `…/config_dump_proxyID_POD.NAMESPACE.json`). Out: the body of the
 * endpoint, or the gap. It is asked over HTTP on its monitoring port; where that does not answer, over its discovery service, with
 * a token that the API server gives for that alone.
 */
import { Cursor } from '../../../model/json.ts';
import type { KubeApi, PodName } from '../api-access.ts';
import type { Collected, Collector } from '../collector.ts';
import { RequestRefused } from '../refusal.ts';
import { getOver } from '../stream/pod-http.ts';
import { forwardPort } from '../stream/port-forward.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { streamGap } from '../stream/stream-gap.ts';
import { Turns } from '../turns.ts';
import { askAds, type AdsTarget } from './ads.ts';
import { openLocalForward } from './local-forward.ts';

const AT_ONCE = 4;
const MONITORING_PORT = 15_014;
const SECURE_PORT = 15_012;
const PLAIN_PORT = 15_010;
const BODY_BYTES = 1024 * 1024 * 1024;
/** Where istiod runs unless told. */
export const ISTIO_NAMESPACE = 'istio-system';
/** The audience that istiod asks of a token (pkg/security, TrustedJwt). */
const AUDIENCE = 'istio-ca';
const TOKEN_SECONDS = 600;
const DEBUG_TYPE = 'istio.io/debug';

const ISTIOD_FILE = /^clusters\/[^/]+\/istiod\/([^/]+)\/([A-Za-z_]+?)(?:_proxyID_([a-z0-9.-]+))?\.json$/;

export interface IstiodOptions {
  /** Namespace of istiod. */
  readonly namespace: string;
}

/** Asks the istiods of a cluster; each by its pod. */
export class IstiodCollector implements Collector {
  readonly #api: KubeApi;
  readonly #namespace: string;
  readonly #turns = new Turns(AT_ONCE);
  #secret: Promise<{ readonly token: string | null; readonly authority: Buffer | null }> | undefined;

  constructor(api: KubeApi, { namespace }: IstiodOptions) {
    this.#api = api;
    this.#namespace = namespace;
  }

  /** Whether a name is of this collector's kind. */
  static collects(name: string): boolean {
    return ISTIOD_FILE.test(name);
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    const collected = await Promise.all(
      names.map(async (name) => [name, await this.#turns.take(() => this.#collectOne(name, signal))] as const),
    );
    return new Map(collected);
  }

  async #collectOne(name: string, signal: AbortSignal): Promise<Collected> {
    const [, podName = '', endpoint = '', proxy] = ISTIOD_FILE.exec(name) ?? [];
    const pod = { namespace: this.#namespace, pod: podName };
    const path = proxy === undefined ? endpoint : `${endpoint}?proxyID=${proxy}`;
    const problems: string[] = [];
    const ways = [
      () => this.#overHttp(pod, path, signal),
      () => this.#overTls(pod, path, signal),
      () => this.#overPlainText(pod, path, signal),
    ];
    for (const ask of ways) {
      try {
        return { bytes: await ask(), capturedAt: new Date().toISOString() };
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
        const { gap, problem, remedy } = streamGap(error, pod, 'portforward');
        // Another port would be refused alike.
        if (error.status === 401 || error.status === 403 || LASTING.has(error.failure)) {
          return { gap: { kind: gap, artefact: name, problem, ...(remedy === null ? {} : { remedy }) } };
        }
        problems.push(error.message);
      }
    }
    const problem = `istiod ${podName} does not answer ${path}: ${problems.join('; ')}`;
    const remedy = `run \`istioctl x internal-debug "${path}" > ${name}\``;
    return { gap: { kind: 'missing', artefact: name, problem, remedy } };
  }

  async #overHttp(pod: PodName, path: string, signal: AbortSignal): Promise<Buffer> {
    const connection = await forwardPort(this.#api.access, pod, MONITORING_PORT, { signal });
    const answer = await getOver(connection, `localhost:${MONITORING_PORT}`, `/debug/${path}`, BODY_BYTES);
    return bodyOf(answer.status, answer.body, `port ${MONITORING_PORT}`);
  }

  async #overTls(pod: PodName, path: string, signal: AbortSignal): Promise<Buffer> {
    this.#secret ??= this.#credentials(signal);
    const { token, authority } = await this.#secret;
    const tls = { authority, serverName: `istiod.${this.#namespace}.svc` };
    return await this.#overAds(pod, SECURE_PORT, { tls, token }, path, signal);
  }

  async #overPlainText(pod: PodName, path: string, signal: AbortSignal): Promise<Buffer> {
    return await this.#overAds(pod, PLAIN_PORT, { tls: null, token: null }, path, signal);
  }

  async #overAds(
    pod: PodName,
    port: number,
    { tls, token }: Omit<AdsTarget, 'address'>,
    path: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    const forward = await openLocalForward(this.#api, pod, port, signal);
    try {
      const target = { address: `127.0.0.1:${forward.port}`, tls, token };
      const question = { typeUrl: DEBUG_TYPE, resourceNames: [path], namespace: this.#namespace, signal };
      const { resources } = await askAds(target, question);
      const [resource] = resources;
      if (resource === undefined) throw new StreamError('refused', `port ${port}: istiod has no answer`);
      return bodyOf(200, resource.value, `port ${port}`);
    } catch (error) {
      // Why the way there failed tells more than that there was no answer.
      throw forward.failure() ?? error;
    } finally {
      forward.close();
    }
  }

  /** A short-lived token for istiod alone, and the authority of its certificate; each null where this identity may not have it. */
  async #credentials(
    signal: AbortSignal,
  ): Promise<{ readonly token: string | null; readonly authority: Buffer | null }> {
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
      return new Cursor('', '', JSON.parse(bytes.toString('utf8')));
    } catch (error) {
      if (error instanceof RequestRefused) return undefined;
      throw error;
    }
  }
}

const LASTING: ReadonlySet<string> = new Set(['gone', 'no-websocket', 'aborted']);

/** istiod answers some mistakes with status 200 and text. */
function bodyOf(status: number, body: Buffer, place: string): Buffer {
  const start = body.subarray(0, 400).toString('utf8').trim();
  if (status === 200 && (start.startsWith('{') || start.startsWith('['))) return body;
  const said = start === '' ? 'nothing' : quoted(start);
  throw new StreamError(
    'refused',
    `${place} answers ${status === 200 ? 'with text' : `with status ${status}`}: ${said}`,
  );
}
