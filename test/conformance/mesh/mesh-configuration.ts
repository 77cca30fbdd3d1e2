/** Brings a mesh to random objects, one set after another. In: a lab and objects. Out: every proxy has them. It makes none itself. */
import { proxyAdmin } from '../../agreement/proxy-admin.ts';
import type { LoggingPod } from '../../agreement/access-log.ts';
import { collectionPath, type KubernetesObject } from '../../lab/control-plane/objects.ts';
import type { Lab } from '../../lab/lab.ts';

/** Milliseconds for which proxies must have the same configuration. */
const REST = 1500;
/** A listener that gives way to another, or waits for a secret that may never come, and takes over all the same some seconds later. */
const CHANGING = ['"draining_state"', '"warming_state"'];

export class MeshConfiguration {
  readonly #lab: Lab;
  #applied: readonly string[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /**
   * Applies these objects, removes all earlier ones, and waits until each proxy has them. What istiod's webhook refuses is left out.
   * @param marker stands in each proxy's configuration then
   * @returns why each refused object is
   */
  async become(objects: readonly KubernetesObject[], marker: string): Promise<readonly string[]> {
    const kept = new Set(objects.map(nameOf));
    for (const old of this.#applied.filter((name) => !kept.has(name))) await this.#lab.api.call('DELETE', old);
    this.#applied = this.#applied.filter((name) => kept.has(name));
    const refusals: string[] = [];
    // Those that are there are replaced whole: the marker, which is first, comes last.
    for (const object of objects.toReversed()) {
      const refusal = await this.#apply(object);
      if (refusal !== null) refusals.push(refusal);
    }
    await this.#untilKnown(marker);
    return refusals;
  }

  /** @returns why it is refused; null: it is not */
  async #apply(object: KubernetesObject): Promise<string | null> {
    const name = nameOf(object);
    const others = this.#applied.filter((one) => one !== name);
    try {
      await this.#lab.api.apply(object);
    } catch (error) {
      const text = String(error);
      if (!text.includes('validation.istio.io')) throw error;
      // What an earlier configuration left under this name does not belong to this one.
      if (others.length < this.#applied.length) await this.#lab.api.call('DELETE', name);
      this.#applied = others;
      return text;
    }
    this.#applied = [...others, name];
    return null;
  }

  async #untilKnown(marker: string): Promise<void> {
    let before = '';
    let since = Date.now();
    await this.#lab.api.until(`every proxy knows ${marker}`, 60, async () => {
      const pods = await proxies(this.#lab);
      const dumps = await Promise.all(pods.map((pod) => proxyAdmin(this.#lab, pod, 'config_dump')));
      if (!dumps.every((dump) => dump.includes(marker) && !CHANGING.some((state) => dump.includes(state))))
        return false;
      // A dump's maps have no order; its times tell whether anything was delivered since.
      const now = dumps
        .flatMap((dump) => dump.match(/"last_updated": "[^"]+"/g) ?? [])
        .toSorted()
        .join('');
      if (now !== before) [before, since] = [now, Date.now()];
      return Date.now() - since >= REST;
    });
  }
}

const nameOf = (object: KubernetesObject): string => `${collectionPath(object)}/${object.metadata.name}`;

interface PodState extends KubernetesObject {
  readonly spec: {
    readonly containers: readonly { name: string }[];
    readonly initContainers?: readonly { name: string }[];
  };
}

/** The pods that have a proxy. */
export async function proxies(lab: Lab): Promise<readonly LoggingPod[]> {
  const pods = await lab.api.list<PodState>('/api/v1/pods');
  return pods
    .filter(({ spec }) =>
      [...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => name === 'istio-proxy'),
    )
    .map(({ metadata }) => ({ namespace: metadata.namespace ?? '', pod: metadata.name }));
}
