import type { Gap } from '../../model/artefact.ts';
import type { EnvoyResource } from '../../model/envoy.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { LazyResource } from './resource.ts';
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

type Finder = (name: string) => readonly EnvoyResource[];
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
  readonly #finders = new Map<ResourceKind, Finder>();
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
    const found = this.#found.get(kind) ?? new Map<string, readonly EnvoyResource[]>();
    this.#found.set(kind, found);
    const known = found.get(name) ?? this.#find(kind, name);
    found.set(name, known);
    return known;
  }

  /** Where the lists do not tell names, the first few are searched for in the text; then, or when that finds none, all are listed. */
  #find(kind: ResourceKind, name: string): readonly EnvoyResource[] {
    const known = this.#finders.get(kind) ?? (this.#resources.has(kind) ? undefined : this.#printedFinder(kind));
    if (known !== undefined) {
      this.#finders.set(kind, known);
      return known(name);
    }
    if (!this.#resources.has(kind) && this.#searches < SEARCH_LIMIT) {
      this.#searches++;
      const found = this.#search(kind, name);
      if (found !== undefined) return found;
    }
    const finder = finderIn(byName(this.list(kind)));
    this.#finders.set(kind, finder);
    return finder(name);
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

  /** What finds resources in lists of which one is printed with a name in each element; the others are short, mostly. */
  #printedFinder(kind: ResourceKind): Finder | undefined {
    const lists = this.#of(kind).map((pending) => ({ pending, finder: this.#listFinder(pending) }));
    if (lists.every(({ finder }) => finder === undefined)) return undefined;
    const finders = lists.map(({ pending, finder }) => finder ?? finderIn(byName(this.#readList(pending))));
    return (name) => {
      let found = NONE;
      for (const find of finders) {
        const more = find(name);
        found = found.length === 0 ? more : [...found, ...more];
      }
      return found;
    };
  }

  #listFinder({ listed, reader }: PendingList): Finder | undefined {
    if (listed === null || listed.shape.nameIn !== 'resource') return undefined;
    const { shape, node } = listed;
    const members = node.namedMembers({ member: shape.member, name: shape.name, without: 'error_state' });
    if (members === undefined) return undefined;
    const others = byName(members.others.flatMap((element) => this.#readElement(reader, element)));
    return (name) => {
      const member = members.find(name);
      const other = others.get(name) ?? NONE;
      return member === undefined ? other : [new LazyResource(() => name, member, shape.origin, shape.state), ...other];
    };
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

function finderIn(resources: ByName): Finder {
  return (name) => resources.get(name) ?? NONE;
}

function byName(resources: readonly EnvoyResource[]): ByName {
  const map = new Map<string, EnvoyResource[]>();
  for (const resource of resources) {
    const same = map.get(resource.name);
    if (same === undefined) map.set(resource.name, [resource]);
    else same.push(resource);
  }
  return map;
}
