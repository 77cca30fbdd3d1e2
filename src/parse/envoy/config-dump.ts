/**
 * Reads an Envoy's config_dump, from the proxy's admin port or from istiod's debug endpoint.
 *
 * In: the artefact. Out: its resources by kind and name, each parsed when somebody reads it, and gaps for what is missing or not
 * understood. It must not decide what a resource does.
 */
import { gapRaw } from '../../model/artefact.ts';
import type { Artefact, Gap, Parsed } from '../../model/artefact.ts';
import type { EnvoyConfigDump, EnvoyResource } from '../../model/envoy.ts';
import { Cursor } from '../../model/json.ts';
import { PARSE_WHOLE_BYTES, readJson } from '../json-index/json-document.ts';
import type { JsonNode } from '../json-index/json-node.ts';
import { adminMember, CONFIG_DUMP, explainText } from './admin-document.ts';
import { LazyResource, protoMember, protoText } from './resource.ts';
import { BARE_RESOURCES, readDynamicListener, RESOURCE_LISTS, wrappedReader } from './sections.ts';
import type { ElementReader, ResourceKind } from './sections.ts';

const ADMIN = 'envoy.admin.v3.';
/** Names that are searched for before all resources of their kind are listed. */
const SEARCH_LIMIT = 12;
const LISTENERS_SECTION = 'ListenersConfigDump';
const BOOTSTRAP_SECTION = 'BootstrapConfigDump';

/**
 * Parses a config_dump; what cannot be read leaves an empty dump and gaps. Never throws. Of a large dump, resources of a kind are
 * listed when somebody asks for one; gaps that come to light then join the others.
 */
export function parseEnvoyConfigDump(artefact: Artefact, parseWholeBytes = PARSE_WHOLE_BYTES): Parsed<EnvoyConfigDump> {
  const document = readJson(artefact, parseWholeBytes);
  const gaps: Gap[] = document.gaps.map(explainText);
  const reader = new ConfigDumpReader(artefact, gaps);
  if (document.root !== null) {
    const configs = adminMember(artefact, document.root, CONFIG_DUMP);
    if ('problem' in configs) gaps.push(configs);
    else for (const config of configs.elements()) reader.read(config);
  }
  if (artefact.bytes.length <= parseWholeBytes) reader.readAll();
  return { value: reader.dump(document.whole), gaps };
}

/** A list of elements of one kind, and how each is read. */
interface Pending {
  readonly kind: ResourceKind;
  readonly elements: () => readonly JsonNode[];
  /** Elements that may be of that name; undefined: look at all. */
  readonly named: (name: string) => readonly JsonNode[] | undefined;
  readonly reader: ElementReader;
}

class ConfigDumpReader {
  readonly #artefact: string;
  readonly #capturedAt: string | null;
  readonly #gaps: Gap[];
  readonly #sections = new Set<string>();
  readonly #pending: Pending[] = [];
  readonly #resources = new Map<ResourceKind, readonly EnvoyResource[]>();
  readonly #indexes = new Map<ResourceKind, ReadonlyMap<string, readonly EnvoyResource[]>>();
  /** Resources that were searched for, by kind and name. */
  readonly #found = new Map<ResourceKind, Map<string, readonly EnvoyResource[]>>();
  #searches = 0;
  #bootstrap: Cursor;
  #partial = false;

  constructor(artefact: Artefact, gaps: Gap[]) {
    this.#artefact = artefact.name;
    this.#capturedAt = artefact.capturedAt;
    this.#gaps = gaps;
    this.#bootstrap = new Cursor(artefact.name, '', undefined);
  }

  /** Notes what one part of `configs` lists. */
  read(config: JsonNode): void {
    const type = config.member('@type')?.cursor().string();
    const name = type?.slice(type.lastIndexOf('/') + 1) ?? '';
    const bare = BARE_RESOURCES.get(name);
    if (bare !== undefined) this.#readBare(config, bare.kind, bare.name);
    else if (name.startsWith(ADMIN) && name.endsWith('ConfigDump')) this.#readSection(config, name.slice(ADMIN.length));
    else if (!this.#readElement(config, name)) this.#notUnderstood(config, type);
  }

  /** Lists every kind now, so that all gaps are known. */
  readAll(): void {
    for (const { kind } of this.#pending) this.#list(kind);
  }

  dump(whole: boolean): EnvoyConfigDump {
    const list = (kind: ResourceKind): readonly EnvoyResource[] => this.#list(kind);
    const named = (kind: ResourceKind, name: string): readonly EnvoyResource[] => this.#named(kind, name);
    const full = whole && !this.#partial && this.#bootstrap.exists;
    const gaps = this.#gaps;
    const seenAt = (): string | null => this.#capturedAt ?? this.#latestSecret();
    return {
      artefact: this.#artefact,
      get seenAt() {
        return seenAt();
      },
      get complete() {
        return full && gaps.length === 0;
      },
      sections: this.#sections,
      bootstrap: this.#bootstrap,
      listeners: () => list('listener'),
      routes: () => list('route'),
      route: (name) => running(named('route', name).filter(({ origin }) => origin === 'dynamic')),
      scopes: (name) => running(named('scoped-route', name).filter(({ origin }) => origin === 'dynamic')),
      clusters: () => list('cluster'),
      cluster: (name) => running(named('cluster', name)),
      endpoints: (name) => named('endpoint', name),
      secrets: () => list('secret'),
      extension: (name) => running(named('extension', name)),
    };
  }

  /** `last_updated` of the secret that changed last: the dump is no older. RFC 3339 texts of one length sort by time. */
  #latestSecret(): string | null {
    const times = this.#pending
      .filter(({ kind }) => kind === 'secret')
      .flatMap(({ elements }) => elements().map((element) => protoText(element, 'last_updated') ?? ''));
    const latest = Math.max(...times.map((time) => Date.parse(time)).filter((time) => !Number.isNaN(time)));
    return Number.isFinite(latest) ? new Date(latest).toISOString() : null;
  }

  #list(kind: ResourceKind): readonly EnvoyResource[] {
    const known = this.#resources.get(kind);
    if (known !== undefined) return known;
    const resources: EnvoyResource[] = [];
    for (const pending of this.#pending) {
      if (pending.kind !== kind) continue;
      for (const element of pending.elements()) {
        const read = pending.reader(this.#artefact, element);
        resources.push(...read.resources);
        this.#gaps.push(...read.gaps);
      }
    }
    this.#resources.set(kind, resources);
    return resources;
  }

  /** Resources of a name. The first few are searched for in the text; then, or when that finds none, all are listed. */
  #named(kind: ResourceKind, name: string): readonly EnvoyResource[] {
    const known = this.#found.get(kind)?.get(name);
    if (known !== undefined) return known;
    if (!this.#resources.has(kind) && this.#searches < SEARCH_LIMIT) {
      this.#searches++;
      const found = this.#search(kind, name);
      if (found !== undefined) {
        this.#found.set(kind, (this.#found.get(kind) ?? new Map<string, readonly EnvoyResource[]>()).set(name, found));
        return found;
      }
    }
    return this.#index(kind).get(name) ?? NONE;
  }

  #search(kind: ResourceKind, name: string): readonly EnvoyResource[] | undefined {
    const resources: EnvoyResource[] = [];
    for (const pending of this.#pending) {
      if (pending.kind !== kind) continue;
      const elements = pending.named(name);
      if (elements === undefined) return undefined;
      resources.push(...elements.flatMap((element) => pending.reader(this.#artefact, element).resources));
    }
    const named = resources.filter((resource) => resource.name === name);
    return named.length === 0 ? undefined : named;
  }

  #index(kind: ResourceKind): ReadonlyMap<string, readonly EnvoyResource[]> {
    const index = this.#indexes.get(kind) ?? byName(this.#list(kind));
    this.#indexes.set(kind, index);
    return index;
  }

  #readSection(config: JsonNode, section: string): void {
    this.#sections.add(section);
    if (section === BOOTSTRAP_SECTION) this.#bootstrap = protoMember(config, 'bootstrap')?.cursor() ?? this.#bootstrap;
    for (const shape of RESOURCE_LISTS) {
      if (shape.section === section) this.#await(shape.kind, protoMember(config, shape.field), wrappedReader(shape));
    }
    if (section === LISTENERS_SECTION) {
      this.#await('listener', protoMember(config, 'dynamic_listeners'), readDynamicListener);
    }
  }

  #await(kind: ResourceKind, list: JsonNode | undefined, reader: ElementReader): void {
    if (list === undefined) return;
    this.#pending.push({ kind, elements: () => list.elements(), named: (name) => list.elementsWith(name), reader });
  }

  /** An element that `?resource=` lists on its own; its field is not told, so active and warming clusters look alike. */
  #readElement(config: JsonNode, type: string): boolean {
    const element = type.slice(ADMIN.length);
    const shape = RESOURCE_LISTS.find((list) => list.element === element);
    const reader =
      element === `${LISTENERS_SECTION}.DynamicListener` ? readDynamicListener : shape && wrappedReader(shape);
    if (reader === undefined) return false;
    this.#partial = true;
    this.#sections.add(shape?.section ?? LISTENERS_SECTION);
    this.#pending.push({ kind: shape?.kind ?? 'listener', elements: () => [config], named: () => undefined, reader });
    return true;
  }

  #readBare(config: JsonNode, kind: ResourceKind, nameField: string): void {
    this.#partial = true;
    const section = RESOURCE_LISTS.find((list) => list.kind === kind)?.section;
    if (section !== undefined) this.#sections.add(section);
    if (!config.whole) return;
    const resource = new LazyResource(() => protoText(config, nameField), config, 'dynamic', 'active');
    const reader: ElementReader = () => ({ resources: [resource], gaps: [] });
    this.#pending.push({ kind, elements: () => [config], named: () => undefined, reader });
  }

  #notUnderstood(config: JsonNode, type: string | undefined): void {
    if (!config.whole) return;
    const { pointer } = config;
    const problem =
      type === undefined ? 'this part of the dump has no @type' : `the type ${gapRaw(type)} is none of a config_dump`;
    this.#gaps.push({ kind: 'not-understood', artefact: this.#artefact, pointer, problem });
  }
}

function byName(resources: readonly EnvoyResource[]): ReadonlyMap<string, readonly EnvoyResource[]> {
  const map = new Map<string, EnvoyResource[]>();
  for (const resource of resources) {
    const same = map.get(resource.name);
    if (same === undefined) map.set(resource.name, [resource]);
    else same.push(resource);
  }
  return map;
}

function running(resources: readonly EnvoyResource[]): EnvoyResource | undefined {
  return resources.find((resource) => resource.state === 'active') ?? resources[0];
}

const NONE: readonly EnvoyResource[] = [];
