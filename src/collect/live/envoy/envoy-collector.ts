import type { Gap } from '../../../model/artefact.ts';
import type { KubeApi, PodName } from '../api-access.ts';
import type { Collected, Collector } from '../collector.ts';
import { RequestRefused } from '../refusal.ts';
import { StreamError } from '../stream/stream-error.ts';
import { forwardGap } from '../stream/stream-gap.ts';
import { Turns } from '../turns.ts';
import { podAdmin } from './envoy-admin.ts';
import { ENVOY_PATHS, EnvoyDocuments, isPortClosed } from './envoy-documents.ts';
import { jsonAnswer } from '../json-answer.ts';

const AT_ONCE = 6;
const ENVOY_FILE = /^clusters\/[^/]+\/pods\/([^/]+)\/([^/]+)\/envoy\/([^/]+)$/;

export interface EnvoyOptions {
  /** Port of the admin interface on the pod's loopback interface. */
  readonly port: number;
  /** Whether config_dumps are to hold endpoints. */
  readonly endpoints: boolean;
  /** Whether a configuration is wanted of a proxy that is still starting. */
  readonly starting: boolean;
}

/** Asks the Envoys of pods through port-forwards. */
export class EnvoyCollector implements Collector {
  readonly #api: KubeApi;
  readonly #options: EnvoyOptions;
  readonly #turns = new Turns(AT_ONCE);
  readonly #proxies = new Map<string, EnvoyDocuments>();

  constructor(api: KubeApi, options: EnvoyOptions) {
    this.#api = api;
    this.#options = options;
  }

  /** Whether a name is of this collector's kind. */
  static collects(name: string): boolean {
    return Object.hasOwn(ENVOY_PATHS, ENVOY_FILE.exec(name)?.[3] ?? '');
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    return await this.#turns.each(names, (name) => this.#collectOne(name, signal));
  }

  async #collectOne(name: string, signal: AbortSignal): Promise<Collected> {
    const [, namespace = '', pod = '', file = ''] = ENVOY_FILE.exec(name) ?? [];
    const target = { namespace, pod };
    const key = `${namespace}/${pod}`;
    const documents =
      this.#proxies.get(key) ?? new EnvoyDocuments(podAdmin(this.#api, target, this.#options.port), this.#options);
    this.#proxies.set(key, documents);
    try {
      return await documents.read(name, file, signal);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (isPortClosed(error)) return { gap: await this.#noAdmin(name, target, signal) };
      return { gap: forwardGap(name, error, target) };
    }
  }

  /** Why nobody listens on the admin port: the pod's containers tell whether there is an Envoy at all. */
  async #noAdmin(artefact: string, { namespace, pod }: PodName, signal: AbortSignal): Promise<Gap> {
    const { port } = this.#options;
    const proxies = await this.#proxyContainers({ namespace, pod }, signal);
    if (proxies?.length === 0) {
      const problem = `there is no Envoy in pod ${namespace}/${pod}: none of its containers is a proxy, and nobody listens on port ${port}`;
      return {
        kind: 'missing',
        artefact,
        problem,
        remedy: 'if one of them is, give its admin port (--proxy-admin-port)',
      };
    }
    const [proxy] = proxies ?? [];
    const who = proxy === undefined ? '' : `, although container ${proxy} is a proxy`;
    const problem = `nobody listens on port ${port} of the loopback interface of pod ${namespace}/${pod}${who}: its admin interface has another port or another address, or the proxy does not run`;
    const remedy = 'give its port (--proxy-admin-port), or where it can be reached (--envoy-admin URL)';
    return { kind: 'missing', artefact, problem, remedy };
  }

  /** Names of the containers that look like an Envoy; undefined when the pod may not be read. */
  async #proxyContainers({ namespace, pod }: PodName, signal: AbortSignal): Promise<readonly string[] | undefined> {
    try {
      const { bytes } = await this.#api.request(
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`,
        { permission: { verb: 'get', group: '', resource: 'pods', namespace, namespaced: true }, signal },
      );
      const spec = jsonAnswer(bytes).at('spec');
      // A native sidecar is an init container that goes on running; istio-init has the proxy's image and does not.
      const sidecars = spec.at('initContainers').items();
      return [
        ...spec.at('containers').items(),
        ...sidecars.filter((one) => one.at('restartPolicy').string() === 'Always'),
      ]
        .filter(
          (one) => one.at('name').string() === 'istio-proxy' || /envoy|proxyv2/.test(one.at('image').string() ?? ''),
        )
        .map((one) => one.at('name').string() ?? '');
    } catch (error) {
      if (error instanceof RequestRefused) return undefined;
      throw error;
    }
  }
}
