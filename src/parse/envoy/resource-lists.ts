import type { Gap } from '../../model/artefact.ts';
import type { EnvoyResource } from '../../model/envoy.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { PrintedResource } from './resource.ts';
import type { ElementReader, ResourceKind, ResourceList } from './sections.ts';

/** A list of elements of one kind, and how each is read. */
export interface PendingList {
  readonly kind: ResourceKind;
  readonly elements: () => readonly JsonNode[];
  readonly reader: ElementReader;
  /** The array that they stand in, and how it lists them; null: it stands alone, or an element may hold several resources. */
  readonly listed: { readonly node: JsonNode; readonly shape: ResourceList } | null;
  /** Elements that may be of that name; undefined: look at all. */
  readonly named: (name: string) => readonly JsonNode[] | undefined;
}

type ByName = ReadonlyMap<string, readonly EnvoyResource[]>;

/** Names that are searched for before all resources of their kind are listed. */
const SEARCH_LIMIT = 12;

/** The resources of a dump by kind and name, each list read when somebody asks for one of its resources. */
export class ResourceLists {
  readonly #artefact: string;
  readonly #gaps: Gap[];
  /** Pointers of elements whose gaps are known. */
  readonly #told = new Set<string | undefined>();
  readonly #pending: PendingList[] = [];
  readonly #read = new Map<PendingList, readonly EnvoyResource[]>();
  readonly #resources = new Map<ResourceKind, readonly EnvoyResource[]>();
  readonly #byName = new Map<ResourceKind, ByName>();
  /** Resources that were searched for, by kind and name. */
  readonly #found = new Map<ResourceKind, Map<string, readonly EnvoyResource[]>>();
  #searches = 0;

  /** @param gaps is told what comes to light when a list is read */
  constructor(artefact: string, gaps: Gap[]) {
    this.#artefact = artefact;
    this.#gaps = gaps;
  }

  add(list: PendingList): void {
    this.#pending.push(list);
  }

  /** Elements of all lists of a kind, as they stand. */
  elements(kind: ResourceKind): readonly JsonNode[] {
    return this.#of(kind).flatMap(({ elements }) => elements());
  }

  /** Reads every list now, so that all gaps are known. */
  readAll(): void {
    for (const { kind } of this.#pending) this.list(kind);
  }

  list(kind: ResourceKind): readonly EnvoyResource[] {
    const known = this.#resources.get(kind) ?? this.#of(kind).flatMap((pending) => this.#readList(pending));
    this.#resources.set(kind, known);
    return known;
  }

  /** Resources of a name. */
  named(kind: ResourceKind, name: string): readonly EnvoyResource[] {
    const all = this.#byName.get(kind);
    return all === undefined ? this.#find(kind, name) : (all.get(name) ?? NONE);
  }

  /** Where the lists do not tell names, the first few are searched for in the text; then, or when that finds none, all are listed. */
  #find(kind: ResourceKind, name: string): readonly EnvoyResource[] {
    const printed = this.#resources.has(kind) ? undefined : this.#printed(kind);
    const found = printed === undefined ? this.#searched(kind, name) : undefined;
    if (found !== undefined) return found;
    this.#byName.set(kind, byName(printed ?? this.list(kind)));
    return this.named(kind, name);
  }

  #searched(kind: ResourceKind, name: string): readonly EnvoyResource[] | undefined {
    const before = this.#found.get(kind) ?? new Map<string, readonly EnvoyResource[]>();
    this.#found.set(kind, before);
    const known = before.get(name);
    if (known !== undefined || this.#resources.has(kind) || this.#searches >= SEARCH_LIMIT) return known;
    this.#searches++;
    const found = this.#search(kind, name);
    if (found !== undefined) before.set(name, found);
    return found;
  }

  #of(kind: ResourceKind): readonly PendingList[] {
    return this.#pending.filter((pending) => pending.kind === kind);
  }

  #readList(pending: PendingList): readonly EnvoyResource[] {
    const known = this.#read.get(pending);
    if (known !== undefined) return known;
    const resources = pending.elements().flatMap((element) => this.#readElement(pending.reader, element));
    this.#read.set(pending, resources);
    return resources;
  }

  #readElement(reader: ElementReader, element: JsonNode): readonly EnvoyResource[] {
    const { resources, gaps } = reader(this.#artefact, element);
    for (const gap of gaps) {
      // An element that has no name is read once more when all are listed.
      if (this.#told.has(gap.pointer)) continue;
      this.#told.add(gap.pointer);
      this.#gaps.push(gap);
    }
    return resources;
  }

  /** The resources of lists of which one is printed with a name in each element; the others are short, mostly. */
  #printed(kind: ResourceKind): readonly EnvoyResource[] | undefined {
    const lists = this.#of(kind).map((pending) => ({ pending, resources: this.#printedList(pending) }));
    if (lists.every(({ resources }) => resources === undefined)) return undefined;
    return lists.flatMap(({ pending, resources }) => resources ?? this.#readList(pending));
  }

  #printedList({ listed, reader }: PendingList): readonly EnvoyResource[] | undefined {
    if (listed === null || listed.shape.nameIn !== 'resource') return undefined;
    const { shape, node } = listed;
    const { member, name, free } = shape;
    const named = node.namedMembers({ member, name, without: 'error_state', free });
    return (
      named && [
        ...named.members.map((one) => new PrintedResource(named, one, shape)),
        ...named.others.flatMap((element) => this.#readElement(reader, element)),
      ]
    );
  }

  #search(kind: ResourceKind, name: string): readonly EnvoyResource[] | undefined {
    const resources: EnvoyResource[] = [];
    for (const pending of this.#of(kind)) {
      const elements = pending.named(name);
      if (elements === undefined) return undefined;
      resources.push(...elements.flatMap((element) => pending.reader(this.#artefact, element).resources));
    }
    const named = resources.filter((resource) => resource.name === name);
    return named.length === 0 ? undefined : named;
  }
}

const NONE: readonly EnvoyResource[] = [];

function byName(resources: readonly EnvoyResource[]): ByName {
  const map = new Map<string, EnvoyResource[]>();
  for (const resource of resources) {
    const same = map.get(resource.name);
    if (same === undefined) map.set(resource.name, [resource]);
    else same.push(resource);
  }
  return map;
}
