/**
 * Asks the ztunnels of nodes for what they know.
 *
 * In: names of artefacts (`clusters/C/ztunnel/NODE/config_dump.json`). Out: the answer of the admin interface of the ztunnel on that node,
 * or the gap.
 */
import type { Gap } from '../../../model/artefact.ts';
import type { KubeApi, PodName } from '../api-access.ts';
import type { Collected, Collector } from '../collector.ts';
import { RequestRefused } from '../refusal.ts';
import { quoted, StreamError } from '../stream/stream-error.ts';
import { forwardGap } from '../stream/stream-gap.ts';
import { Turns } from '../turns.ts';
import { podAdmin } from './envoy-admin.ts';
import { jsonAnswer } from '../json-answer.ts';

const AT_ONCE = 4;
const ZTUNNEL_FILE = /^clusters\/[^/]+\/ztunnel\/([^/]+)\/config_dump\.json$/;
/** What istio's charts call the pods (manifests/charts/ztunnel). */
const LABELS = 'app=ztunnel';

export class ZtunnelCollector implements Collector {
  readonly #api: KubeApi;
  readonly #namespace: string;
  readonly #port: number;
  readonly #turns = new Turns(AT_ONCE);

  /** @param options namespace of the ztunnels; port of their admin interfaces */
  constructor(api: KubeApi, { namespace, port }: { readonly namespace: string; readonly port: number }) {
    this.#api = api;
    this.#namespace = namespace;
    this.#port = port;
  }

  /** Whether a name is of this collector's kind. */
  static collects(name: string): boolean {
    return ZTUNNEL_FILE.test(name);
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    return await this.#turns.each(names, (name) => this.#collectOne(name, signal));
  }

  async #collectOne(name: string, signal: AbortSignal): Promise<Collected> {
    const [, node = ''] = ZTUNNEL_FILE.exec(name) ?? [];
    const pod = await this.#podOn(name, node, signal);
    if ('problem' in pod) return { gap: pod };
    try {
      const { status, body } = await podAdmin(this.#api, pod, this.#port).get('/config_dump', signal);
      if (status === 200) return { bytes: body, capturedAt: new Date().toISOString() };
      const said = quoted(body.toString('utf8', 0, 400));
      const problem = `port ${this.#port} of pod ${pod.namespace}/${pod.pod} answers /config_dump with status ${status}: ${said}`;
      return { gap: { kind: 'unreadable', artefact: name, problem, remedy: "give the ztunnel's admin port" } };
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      return { gap: forwardGap(name, error, pod) };
    }
  }

  async #podOn(artefact: string, node: string, signal: AbortSignal): Promise<PodName | Gap> {
    const namespace = this.#namespace;
    try {
      const { bytes } = await this.#api.request(`/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`, {
        query: { labelSelector: LABELS, fieldSelector: `spec.nodeName=${node}` },
        permission: { verb: 'list', group: '', resource: 'pods', namespace, namespaced: true },
        signal,
      });
      const pods = jsonAnswer(bytes).at('items').items();
      const running = pods.find((pod) => pod.at('status', 'phase').string() === 'Running');
      const pod = running?.at('metadata', 'name').string();
      if (pod !== undefined) return { namespace, pod };
      const problem = `no ztunnel runs on node ${node} (no running pod with ${LABELS} in namespace ${namespace})`;
      return { kind: 'missing', artefact, problem, remedy: 'name a node that has one, or its namespace with -i' };
    } catch (error) {
      if (error instanceof RequestRefused) return error.gap(artefact);
      throw error;
    }
  }
}
