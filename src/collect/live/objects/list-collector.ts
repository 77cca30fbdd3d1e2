import type { Collected, Collector } from '../collector.ts';
import { Turns } from '../turns.ts';
import { configuresDns, DNS_NAMESPACE, DNS_SELECTIONS } from './dns-configuration.ts';
import type { ObjectList } from './object-list.ts';

/** Lists at a time: each may be hundreds of megabytes. */
const AT_ONCE = 4;

/**
 * Collects Lists to be saved: whole, however long they are. Where that is not permitted, the objects of some namespaces. Of ConfigMaps
 * the configuration of the cluster's DNS alone.
 */
export class ListCollector implements Collector {
  readonly #lists: ReadonlyMap<string, ObjectList>;
  readonly #namespaces: readonly string[];
  readonly #turns = new Turns(AT_ONCE);

  /** @param namespaces those whose objects are asked for where a whole List is refused */
  constructor(lists: readonly ObjectList[], namespaces: readonly string[]) {
    this.#lists = new Map(lists.map((list) => [list.name, list]));
    this.#namespaces = namespaces;
  }

  collects(name: string): boolean {
    return this.#lists.has(name);
  }

  async collect(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Collected>> {
    return await this.#turns.each(names, (name) => this.#collectOne(name, signal));
  }

  async #collectOne(name: string, signal: AbortSignal): Promise<Collected> {
    const list = this.#lists.get(name);
    if (list === undefined) return { gap: { kind: 'missing', artefact: name, problem: 'the server has no such List' } };
    if (list.kind.extent === 'config-maps') {
      await list.fetchSome({ namespace: DNS_NAMESPACE }, configuresDns, DNS_SELECTIONS, signal);
    } else {
      await list.fetch(signal, true);
      if (list.isForbidden)
        await list.fetchParts(
          this.#namespaces.map((namespace) => ({ namespace })),
          signal,
        );
    }
    const [gap] = list.gaps;
    const artefact = list.artefact();
    const selections = artefact?.part?.selections;
    if (artefact === undefined || artefact.capturedAt === null || selections?.length === 0) {
      return { gap: gap ?? { kind: 'missing', artefact: name, problem: 'nothing of it could be read' } };
    }
    const { bytes, capturedAt } = artefact;
    return { bytes, capturedAt, ...(selections === undefined ? {} : { part: { selections, gaps: list.gaps } }) };
  }
}
