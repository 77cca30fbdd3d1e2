/**
 * Lists of API objects. In: names of Lists that are wanted, and wishes for parts of those that are too long. Out: the Lists as artefacts,
 * byte for byte as the API server sent each object. Few requests: whole Lists where they are short, and selections where not.
 */
import type { Artefact, Gap } from '../../../model/artefact.ts';
import type { Connection } from '../connection.ts';
import { discoverKinds, type Discovery } from './discovery.ts';
import { configuresDns, DNS_NAMESPACE, DNS_SELECTIONS } from './dns-configuration.ts';
import { listName } from './kinds.ts';
import { ObjectList } from './object-list.ts';

export class ObjectCollector {
  readonly #connection: Connection;
  readonly #lists = new Map<string, ObjectList>();
  readonly #wanted = new Set<string>();
  #discovery: Discovery | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The Lists that the server has, each to be saved whole. */
  lists(): readonly ObjectList[] {
    return [...this.#lists.values()];
  }

  /** Asks what the server can list; to be called before anything else. */
  async open(signal: AbortSignal): Promise<Discovery> {
    const { clusterName } = this.#connection.target;
    this.#discovery ??= await discoverKinds(this.#connection, signal);
    for (const kind of this.#discovery.kinds) {
      const name = listName(clusterName, kind);
      if (!this.#lists.has(name)) this.#lists.set(name, new ObjectList(name, kind, this.#connection));
    }
    return this.#discovery;
  }

  names(): readonly string[] {
    return [...this.#lists.keys()];
  }

  /** Whether a name is of a List. */
  has(name: string): boolean {
    return this.#lists.has(name);
  }

  /** What is known of a List; asking for one that was not asked for yet is a wish. */
  artefact(name: string): Artefact | undefined {
    const list = this.#lists.get(name);
    if (list !== undefined && !list.asked) this.#wanted.add(name);
    return list?.artefact();
  }

  gaps(): readonly Gap[] {
    const refused = this.#discovery?.refused ?? null;
    const discovery =
      refused === null ? [] : [refused.gap(`clusters/${this.#connection.target.clusterName}/resources`)];
    return [...discovery, ...[...this.#lists.values()].flatMap((list) => list.gaps)];
  }

  /**
   * Fetches what was wished for since the last time.
   * @returns whether there was any wish
   */
  async collect(signal: AbortSignal): Promise<boolean> {
    const wanted = [...this.#wanted].flatMap((name) => this.#lists.get(name) ?? []);
    this.#wanted.clear();
    const wishes = [...this.#lists.values()].map((list) => ({ list, parts: list.takeWishes() }));
    const parts = wishes.filter((one) => one.parts.length > 0);
    const services = wanted.find((list) => list.kind.plural === 'services');
    await services?.fetch(signal);
    await Promise.all([
      ...wanted.filter((list) => list !== services).map((list) => this.#fetch(list, signal)),
      ...parts.map(({ list, parts: selections }) => list.fetchParts(selections, signal)),
    ]);
    return wanted.length > 0 || parts.length > 0;
  }

  async #fetch(list: ObjectList, signal: AbortSignal): Promise<void> {
    const { extent } = list.kind;
    if (extent === 'config-maps') {
      await list.fetchSome({ namespace: DNS_NAMESPACE }, configuresDns, DNS_SELECTIONS, signal);
    } else if (extent === 'many' && this.#isLargeCluster()) list.assumeLarge();
    else await list.fetch(signal);
  }

  /** With more than a page of Services there are more pods still: the page that would tell is spared. */
  #isLargeCluster(): boolean {
    return [...this.#lists.values()].some((list) => list.kind.plural === 'services' && list.isLarge);
  }
}
