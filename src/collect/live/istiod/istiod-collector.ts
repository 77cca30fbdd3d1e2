/**
 * What istiod knows, from its debug endpoints.
 *
 * In: names of artefacts (`clusters/C/istiod/POD/syncz.json`, `…/config_dump_proxyID_POD.NAMESPACE.json`). Out: the body of the
 * endpoint, or the gap.
 */
import type { KubeApi } from '../api-access.ts';
import type { Collected, Collector } from '../collector.ts';
import { StreamError } from '../stream/stream-error.ts';
import { forwardGap } from '../stream/stream-gap.ts';
import { Turns } from '../turns.ts';
import { IstiodClient } from './istiod-client.ts';

const AT_ONCE = 4;
const ISTIOD_FILE = /^clusters\/[^/]+\/istiod\/([^/]+)\/([A-Za-z_]+?)(?:_proxyID_([a-z0-9.-]+))?\.json$/;

export interface IstiodOptions {
  /** Namespace of istiod. */
  readonly namespace: string;
}

/** Asks the istiods of a cluster; each by its pod. */
export class IstiodCollector implements Collector {
  readonly #client: IstiodClient;
  readonly #namespace: string;
  readonly #turns = new Turns(AT_ONCE);

  constructor(api: KubeApi, { namespace }: IstiodOptions) {
    this.#client = new IstiodClient(api, namespace);
    this.#namespace = namespace;
  }

  /** Whether a name is of this collector's kind. */
  static collects(name: string): boolean {
    return ISTIOD_FILE.test(name);
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    return await this.#turns.each(names, (name) => this.#collectOne(name, signal));
  }

  async #collectOne(name: string, signal: AbortSignal): Promise<Collected> {
    const [, istiod = '', endpoint = '', proxy] = ISTIOD_FILE.exec(name) ?? [];
    const path = proxy === undefined ? endpoint : `${endpoint}?proxyID=${proxy}`;
    try {
      const bytes = await (path === 'syncz'
        ? this.#client.syncStatus(istiod, signal)
        : this.#client.debugJson(istiod, path, signal));
      return { bytes, capturedAt: new Date().toISOString() };
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (error.failure === 'refused') {
        const problem = `istiod ${istiod} does not answer ${path}: ${error.message}`;
        const remedy = `run \`istioctl x internal-debug "${path}" > ${name}\``;
        return { gap: { kind: 'unreadable', artefact: name, problem, remedy } };
      }
      return { gap: forwardGap(name, error, { namespace: this.#namespace, pod: istiod }) };
    }
  }
}
