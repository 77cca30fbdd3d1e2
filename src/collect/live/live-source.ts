import type { Artefact, ArtefactSource, Gap } from '../../model/artefact.ts';
import type { Collected, Collector } from './collector.ts';
import type { ObjectCollector } from './objects/object-collector.ts';

/** A collector with the names that are its business. */
export interface Place {
  readonly collects: (name: string) => boolean;
  readonly collector: Collector;
  /** One clause: what would make it tell more, where what it gave does not suffice. */
  readonly remedy: string;
}

/**
 * A cluster as a source of artefacts. It gives what was collected; asking for something else is remembered as a demand, which the
 * next round of collection fetches. Each artefact is asked for once.
 */
export class LiveSource implements ArtefactSource {
  readonly #objects: ObjectCollector;
  readonly #places: readonly Place[];
  readonly #artefacts = new Map<string, Artefact>();
  readonly #gaps: Gap[] = [];
  readonly #demanded = new Set<string>();
  readonly #asked = new Set<string>();

  constructor(objects: ObjectCollector, places: readonly Place[]) {
    this.#objects = objects;
    this.#places = places;
  }

  names(): readonly string[] {
    return [...this.#objects.names(), ...this.#artefacts.keys()].toSorted();
  }

  artefact(name: string): Artefact | undefined {
    if (this.#objects.has(name)) return this.#objects.artefact(name);
    const known = this.#artefacts.get(name);
    if (known === undefined && !this.#asked.has(name)) this.#demanded.add(name);
    return known;
  }

  gaps(): readonly Gap[] {
    return [...this.#objects.gaps(), ...this.#gaps];
  }

  remedy(name: string): string | undefined {
    return this.#places.find(({ collects }) => collects(name))?.remedy;
  }

  /**
   * Collects what was demanded since the last round.
   * @returns whether anything was
   */
  async collect(signal: AbortSignal): Promise<boolean> {
    const names = [...this.#demanded];
    this.#demanded.clear();
    for (const name of names) this.#asked.add(name);
    const work = this.#places.flatMap(({ collects, collector }) => {
      const own = names.filter(collects);
      return own.length === 0 ? [] : [collector.collect(own, signal)];
    });
    const [objects, ...results] = await Promise.all([this.#objects.collect(signal), ...work]);
    for (const collected of results) for (const [name, one] of collected) this.#keep(name, one);
    return objects || results.length > 0;
  }

  #keep(name: string, collected: Collected): void {
    if ('gap' in collected) this.#gaps.push(collected.gap);
    else this.#artefacts.set(name, { name, bytes: collected.bytes, capturedAt: collected.capturedAt });
  }
}
